use super::*;
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_mistyped_password_costs_nothing_and_guessing_does() {
    let mut penalties = Penalties::new(Vec::new());
    let guesser = ip("192.0.2.7");
    assert_eq!(penalties.add(guesser, Offence::WrongPassword, at(0)), None);
    assert_eq!(penalties.refused_until(guesser, at(0)), None);
    assert_eq!(penalties.add(guesser, Offence::UnknownUser, at(0)), None);
    let enforced = penalties
        .add(guesser, Offence::WrongPassword, at(0))
        .unwrap();
    assert_eq!((enforced.until, enforced.failures), (at(15), 3));
    assert_eq!(penalties.refused_until(guesser, at(14)), Some(at(15)));
    assert_eq!(penalties.refused_until(guesser, at(15)), None);
    assert_eq!(penalties.refused_until(ip("192.0.2.8"), at(1)), None);
}

#[test]
fn slow_failures_are_forgiven_one_by_one() {
    let mut penalties = Penalties::new(Vec::new());
    for minute in 0..1_000 {
        let now = at(minute * 60);
        assert_eq!(penalties.add(ip("192.0.2.7"), Offence::TooSlow, now), None);
    }
}

#[test]
fn the_debt_has_an_end() {
    let mut penalties = Penalties::new(Vec::new());
    for _ in 0..1_000 {
        penalties.add(ip("192.0.2.7"), Offence::TooSlow, at(0));
    }
    let until = penalties.refused_until(ip("192.0.2.7"), at(0));
    assert_eq!(until, Some(at(LONGEST_SECONDS)));
}

#[test]
fn machines_of_one_ipv6_network_are_one_source() {
    let mut penalties = Penalties::new(Vec::new());
    for host in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
        penalties.add(ip(host), Offence::WrongPassword, at(0));
    }
    assert!(penalties.refused_until(ip("2001:db8::99"), at(0)).is_some());
    assert!(
        penalties
            .refused_until(ip("2001:db8:0:1::1"), at(0))
            .is_none()
    );
}

#[test]
fn the_exempt_owe_nothing() {
    let mut penalties = Penalties::new(vec!["192.0.2.0/24".parse().unwrap()]);
    for _ in 0..100 {
        assert_eq!(
            penalties.add(ip("192.0.2.9"), Offence::TooSlow, at(0)),
            None
        );
    }
    assert!(penalties.list(at(0)).is_empty());
}

#[test]
fn forgiving_takes_a_source_or_a_network() {
    let mut penalties = Penalties::new(Vec::new());
    for host in ["192.0.2.1", "192.0.2.2", "198.51.100.1"] {
        penalties.add(ip(host), Offence::TooSlow, at(0));
    }
    assert_eq!(penalties.forgive(&"192.0.2.1".parse().unwrap()), 1);
    assert_eq!(penalties.forgive(&"192.0.2.0/24".parse().unwrap()), 1);
    assert_eq!(penalties.forgive(&"10.0.0.0/8".parse().unwrap()), 0);
    assert_eq!(penalties.list(at(0)).len(), 1);
}

#[test]
fn a_clock_that_jumps_back_locks_nobody_out() {
    let mut penalties = Penalties::new(Vec::new());
    for _ in 0..2 {
        penalties.add(ip("192.0.2.1"), Offence::TooSlow, at(1_000_000));
    }
    assert!(
        penalties
            .refused_until(ip("192.0.2.1"), at(1_000_000))
            .is_some()
    );
    assert_eq!(penalties.refused_until(ip("192.0.2.1"), at(0)), None);
    let mut restored = Penalties::new(Vec::new());
    restored.restore(penalties.list(at(1_000_000)), at(0));
    assert!(restored.list(at(0)).is_empty());
}

#[test]
fn words_come_back() {
    for offence in Offence::ALL {
        assert_eq!(Offence::parse(offence.as_str()), Some(offence));
    }
}

fn offences() -> impl Strategy<Value = Vec<(u8, usize, i64)>> {
    // Source, offence, seconds since the one before.
    prop::collection::vec((0_u8..20, 0_usize..4, 0_i64..40), 0..200)
}

proptest! {
    #[test]
    fn bounds_hold_whatever_happens(events in offences()) {
        let mut penalties = Penalties::bounded(Vec::new(), 8);
        let mut now = 0;
        for (host, offence, pause) in events {
            now += pause;
            let address = IpAddr::from([192, 0, 2, host]);
            let refused = penalties.refused_until(address, at(now)).is_some();
            if !refused {
                let said = penalties.add(address, Offence::ALL[offence], at(now));
                let until = penalties.refused_until(address, at(now));
                prop_assert_eq!(said.map(|penalty| penalty.until), until, "told once, when it begins");
            }
            let list = penalties.list(at(now));
            prop_assert!(list.len() <= 8);
            for penalty in &list {
                prop_assert!(penalty.until > at(now) && penalty.until <= at(now + LONGEST_SECONDS));
                let owed = penalty.until.duration_since(at(now)).as_secs();
                prop_assert!(penalty.enforced || owed < ENFORCED_FROM_SECONDS);
            }
            prop_assert!(penalties.list(at(now + LONGEST_SECONDS)).is_empty(), "all is forgiven");
        }
    }

    #[test]
    fn a_restart_changes_nothing(events in offences(), pause in 0_i64..60) {
        let mut before = Penalties::new(Vec::new());
        let mut now = 0;
        for (host, offence, pause) in events {
            now += pause;
            before.add(IpAddr::from([192, 0, 2, host]), Offence::ALL[offence], at(now));
        }
        let mut after = Penalties::new(Vec::new());
        after.restore(before.list(at(now)), at(now + pause));
        prop_assert_eq!(after.list(at(now + pause)), before.list(at(now + pause)));
    }
}

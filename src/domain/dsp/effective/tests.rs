use super::deals::{last_day, text};
use super::*;
use crate::domain::dsp::TransportChoice;
use crate::domain::ids::DspId;
use crate::domain::release::{
    Coded, Deal, DealMore, Pos, Price, ProprietaryId, Release, ReleaseDeal, Text,
};
use proptest::prelude::*;
use std::path::PathBuf;

const TERRITORIES: [&str; 5] = ["AT", "DE", "FR", "GB", "US"];
const MODELS: [&str; 3] = ["FreeOfChargeModel", "PayAsYouGoModel", "SubscriptionModel"];
const USES: [&str; 3] = ["OnDemandStream", "PermanentDownload", "Stream"];
const DAYS: [&str; 5] = [
    "2026-11-30",
    "2026-12-01",
    "2027-01-15",
    "2027-06-30",
    "2028-01-01",
];

fn word(value: &str) -> Text {
    text(value, &Pos::default())
}

fn texts<T: AsRef<str>>(values: &[T]) -> Vec<Text> {
    values.iter().map(|value| word(value.as_ref())).collect()
}

fn coded(values: &[&str]) -> Vec<Coded> {
    let coded = |value: &&str| Coded {
        text: word(value),
        ..Coded::default()
    };
    values.iter().map(coded).collect()
}

fn deal(
    inside: &[&str],
    outside: &[&str],
    models: &[&str],
    uses: &[&str],
    period: (Option<&str>, Option<&str>),
) -> Deal {
    let (start, end) = (period.0.map(word), period.1.map(word));
    Deal {
        models: texts(models),
        use_types: texts(uses),
        territories: texts(inside),
        excluded: texts(outside),
        start: start.clone(),
        end: end.clone(),
        more: DealMore {
            models: coded(models),
            use_types: coded(uses),
            periods: vec![(start, end)],
            ..DealMore::default()
        },
        ..Deal::default()
    }
}

fn message(deals: Vec<(&str, Vec<Deal>)>) -> Message {
    let release = |reference: &str, icpn: Option<&str>| Release {
        reference: Some(word(reference)),
        icpn: icpn.map(word),
        release_date: Some(word("2026-12-01")),
        ..Release::default()
    };
    Message {
        releases: vec![release("R0", Some("5060126000012")), release("R1", None)],
        deals: deals
            .into_iter()
            .map(|(releases, deals)| ReleaseDeal {
                releases: texts(&releases.split(' ').collect::<Vec<_>>()),
                deals,
                ..ReleaseDeal::default()
            })
            .collect(),
        ..Message::default()
    }
}

fn profile() -> DspProfile {
    let transport = TransportChoice::Folder {
        path: PathBuf::from("/nowhere"),
    };
    let mut profile = DspProfile::plain(DspId::new("store"), "The Store", transport);
    profile.message = MessageChoice::Ern43;
    "PADPIDA2026112602B".clone_into(&mut profile.message_options.dpid);
    profile
}

fn said(setting: Setting) -> OverrideChange {
    OverrideChange {
        dsp: DspId::new("store"),
        field: setting.field(),
        setting: Some(setting),
        reason: Some("agreed by phone".to_owned()),
        actor: "jo".to_owned(),
        at: "2026-11-26T20:00:00Z".parse().unwrap(),
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Whether any deal of the group lets the use be made there on that day.
fn allows(group: &ReleaseDeal, place: &str, day: &str, model: &str, usage: &str) -> bool {
    group.deals.iter().any(|deal| {
        let is_open = deal.more.periods.iter().any(|(start, end)| {
            start
                .as_ref()
                .is_none_or(|start| first_day(start.as_str()).unwrap().as_str() <= day)
                && end
                    .as_ref()
                    .is_none_or(|end| last_day(end.as_str()).unwrap().as_str() >= day)
        });
        let has = |of: &[Coded], word: &str| of.iter().any(|coded| coded.text.as_str() == word);
        area_of(deal).holds(place)
            && is_open
            && has(&deal.more.models, model)
            && has(&deal.more.use_types, usage)
    })
}

fn some(of: &'static [&'static str], least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of, least..=of.len())
}

fn deals() -> impl Strategy<Value = Vec<Deal>> {
    let place = prop_oneof![
        Just((vec!["Worldwide"], vec![])),
        some(&TERRITORIES, 1).prop_map(|codes| (codes, vec![])),
        some(&TERRITORIES, 1).prop_map(|codes| (vec![], codes)),
    ];
    let start = prop_oneof![
        Just("2026"),
        Just("2026-12-01"),
        Just("2027-01"),
        Just("2027-01-15T18:00:00")
    ];
    let end = proptest::option::of(prop_oneof![
        Just("2027-01-20"),
        Just("2027-06"),
        Just("2027"),
    ]);
    let one = (place, some(&MODELS, 1), some(&USES, 1), start, end).prop_map(
        |((inside, outside), models, uses, start, end)| {
            deal(&inside, &outside, &models, &uses, (Some(start), end))
        },
    );
    proptest::collection::vec(one, 1..4)
}

fn areas() -> impl Strategy<Value = Area> {
    (any::<bool>(), some(&TERRITORIES, 1)).prop_map(|(is_inside, codes)| {
        if is_inside {
            Area::of(codes)
        } else {
            Area::without(codes)
        }
    })
}

proptest! {
    /// What may be done afterwards is what the label's message grants and every layer allows: never
    /// more, and no less.
    #[test]
    fn rights_are_cut_to_what_every_layer_allows_and_never_widened(
        product in deals(),
        track in deals(),
        sold in some(&TERRITORIES, 0),
        contract in some(&TERRITORIES, 0),
        area in proptest::option::of(areas()),
        start in proptest::option::of(prop_oneof![Just("2026-06-01"), Just("2027-01-15"), Just("2027-06-30")]),
        models in proptest::option::of(some(&MODELS, 1)),
        uses in proptest::option::of(some(&USES, 1)),
        tier in proptest::option::of(Just("T1")),
    ) {
        let before = message(vec![("R0", product), ("R1", track)]);
        let mut profile = profile();
        profile.message_options.territories = strings(&sold);
        let changes: Vec<OverrideChange> = [
            area.clone().map(Setting::Territories),
            start.map(|start| Setting::Start(start.parse().unwrap())),
            models.as_ref().map(|models| Setting::Models(strings(models))),
            uses.as_ref().map(|uses| Setting::UseTypes(strings(uses))),
            tier.map(|tier: &str| Setting::PriceTier(tier.to_owned())),
        ]
        .into_iter()
        .flatten()
        .map(said)
        .collect();
        let applied = resolve(&profile, &strings(&contract), &changes).apply(&before);
        let among = |codes: &[&str], code: &str| codes.is_empty() || codes.contains(&code);
        let mut is_sold = false;
        for (group, old) in applied.message.deals.iter().zip(&before.deals) {
            prop_assert_eq!(&group.releases, &old.releases);
            for place in TERRITORIES.iter().chain(&["JP"]) {
                for day in DAYS {
                    for model in MODELS {
                        for usage in USES {
                            let layers = among(&sold, place)
                                && among(&contract, place)
                                && area.as_ref().is_none_or(|area| area.holds(place))
                                && start.is_none_or(|start| day >= start)
                                && models.as_ref().is_none_or(|all| all.contains(&model))
                                && uses.as_ref().is_none_or(|all| all.contains(&usage));
                            let expected = layers && allows(old, place, day, model, usage);
                            prop_assert_eq!(
                                allows(group, place, day, model, usage),
                                expected,
                                "{} {} {} {}", place, day, model, usage
                            );
                        }
                    }
                }
            }
            is_sold |= group.releases[0].as_str() == "R0" && !group.deals.is_empty();
        }
        prop_assert_eq!(applied.kept.is_none(), is_sold, "what has no deal left does not go");
    }
}

fn sold() -> Message {
    message(vec![(
        "R0 R1",
        vec![deal(
            &["DE", "AT"],
            &[],
            &["PayAsYouGoModel"],
            &["PermanentDownload"],
            (None, None),
        )],
    )])
}

#[test]
fn without_layers_the_message_stays_as_it_is() {
    let message = sold();
    let applied = resolve(&profile(), &[], &[]).apply(&message);
    assert_eq!(applied.message, message);
    assert!(applied.losses.is_empty() && applied.kept.is_none());
}

#[test]
fn what_is_asked_for_and_not_granted_is_told() {
    let changes = [
        said(Setting::Territories(Area::of(["DE", "FR", "GB"]))),
        said(Setting::Models(strings(&[
            "PayAsYouGoModel",
            "SubscriptionModel",
        ]))),
    ];
    let applied = resolve(&profile(), &[], &changes).apply(&sold());
    let told: Vec<(&str, &str)> = applied
        .losses
        .iter()
        .map(|loss| (loss.code, loss.what.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("DSP-015", "Territory FR, GB"),
            ("DSP-015", "CommercialModelType SubscriptionModel")
        ]
    );
    assert_eq!(
        area_of(&applied.message.deals[0].deals[0]),
        Area::of(["DE"])
    );
    assert!(applied.kept.is_none());
}

#[test]
fn what_lies_outside_the_contract_is_not_granted_either() {
    let changes = [said(Setting::Territories(Area::of(["DE", "AT"])))];
    let applied = resolve(&profile(), &strings(&["DE"]), &changes).apply(&sold());
    assert_eq!(applied.losses[0].what, "Territory AT");
}

#[test]
fn when_nothing_is_left_nothing_goes() {
    let changes = [said(Setting::Territories(Area::of(["FR"])))];
    let kept = resolve(&profile(), &[], &changes)
        .apply(&sold())
        .kept
        .unwrap();
    assert_eq!(kept.code, "DSP-014");
    assert_eq!(
        kept.message,
        "No deal of the release is left. It holds in AT, DE, and The Store may have the release in FR."
    );
}

#[test]
fn a_deal_without_a_start_begins_with_the_release_and_no_earlier() {
    let early = [said(Setting::Start("2026-11-01".parse().unwrap()))];
    let late = [said(Setting::Start("2027-02-01".parse().unwrap()))];
    let starts = |changes: &[OverrideChange]| {
        let applied = resolve(&profile(), &[], changes).apply(&sold());
        let start = applied.message.deals[0].deals[0].more.periods[0].0.clone();
        start.map(|start| start.value)
    };
    assert_eq!(starts(&early), None, "the release's own date is later");
    assert_eq!(starts(&late).as_deref(), Some("2027-02-01"));
}

#[test]
fn a_deal_that_ends_before_the_start_falls_away() {
    let mut message = sold();
    let of_track = deal(
        &["DE"],
        &[],
        &["SubscriptionModel"],
        &["Stream"],
        (Some("2026-12-01"), Some("2026")),
    );
    message.deals[0].deals.push(of_track);
    let late = [said(Setting::Start("2027-01-01".parse().unwrap()))];
    let applied = resolve(&profile(), &[], &late).apply(&message);
    assert_eq!(applied.message.deals[0].deals.len(), 1);
    assert_eq!(
        applied.losses[0].why,
        "It ends on 2026, and The Store may not have the release before 2027-01-01."
    );
}

#[test]
fn the_price_of_the_product_is_replaced_and_that_of_tracks_is_not() {
    let mut message = sold();
    message.deals[0].deals[0].more.prices = vec![Price {
        code: Some(ProprietaryId {
            value: word("Premium"),
            namespace: None,
        }),
        wholesale: Some(word("5.00")),
        ..Price::default()
    }];
    let mut profile = profile();
    profile
        .message_options
        .prices
        .insert("Premium".to_owned(), "P9".to_owned());
    let changes = [said(Setting::PriceTier("Premium".to_owned()))];
    let applied = resolve(&profile, &[], &changes).apply(&message);
    let price = |reference: &str| {
        let mut groups = applied.message.deals.iter();
        let group = groups
            .find(|g| g.releases.iter().any(|r| r.as_str() == reference))
            .unwrap();
        let price = &group.deals[0].more.prices[0];
        let code = price.code.as_ref().unwrap();
        (
            code.value.value.clone(),
            code.namespace.clone(),
            price.wholesale.is_some(),
        )
    };
    assert_eq!(
        price("R1"),
        ("P9".to_owned(), None, true),
        "in the DSP's code"
    );
    let of_store = Some("DPID:PADPIDA2026112602B".to_owned());
    assert_eq!(
        price("R0"),
        ("Premium".to_owned(), of_store, false),
        "as it was said"
    );
    assert!(applied.losses.is_empty(), "{:?}", applied.losses);
}

#[test]
fn a_price_where_nothing_is_paid_by_the_piece_is_told() {
    let streams = deal(
        &["DE"],
        &[],
        &["SubscriptionModel"],
        &["OnDemandStream"],
        (None, None),
    );
    let changes = [said(Setting::PriceTier("T1".to_owned()))];
    let applied = resolve(&profile(), &[], &changes).apply(&message(vec![("R0", vec![streams])]));
    assert_eq!(applied.losses[0].what, "Price tier T1");
}

#[test]
fn a_block_says_whose_it_is_and_the_labels_own_message_takes_nothing_else() {
    let blocked = resolve(&profile(), &[], &[said(Setting::Block)])
        .apply(&sold())
        .kept
        .unwrap();
    assert_eq!(
        blocked.message,
        "jo keeps it from The Store since 2026-11-26: agreed by phone."
    );
    let mut plain = profile();
    plain.message = MessageChoice::AsReceived;
    let contract = strings(&["DE"]);
    assert!(
        resolve(&plain, &contract, &[])
            .apply(&sold())
            .kept
            .is_none()
    );
    let changes = [said(Setting::Start("2027-01-01".parse().unwrap()))];
    let kept = resolve(&plain, &contract, &changes)
        .apply(&sold())
        .kept
        .unwrap();
    assert!(
        kept.message
            .starts_with("The Store gets the label's own message")
    );
    assert!(
        resolve(&plain, &contract, &[said(Setting::Block)])
            .apply(&sold())
            .kept
            .is_some()
    );
}

#[test]
fn the_last_word_of_a_field_holds_and_every_value_says_where_it_is_from() {
    let mut profile = profile();
    profile.message_options.territories = strings(&["AT", "DE", "FR"]);
    let mut taken_back = said(Setting::Block);
    taken_back.setting = None;
    let mut elsewhere = said(Setting::Block);
    elsewhere.dsp = DspId::new("another");
    let changes = [
        said(Setting::Territories(Area::of(["FR"]))),
        said(Setting::Block),
        said(Setting::Territories(Area::without(["AT"]))),
        taken_back,
        elsewhere,
    ];
    let effective = resolve(&profile, &strings(&["AT", "DE"]), &changes);
    let lines: Vec<(String, String)> = effective
        .lines()
        .into_iter()
        .map(|line| (line.value, line.source))
        .collect();
    let line = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(lines[0], line("may go", "nothing against it"));
    assert_eq!(
        lines[1],
        line(
            "of those granted: DE",
            "profile of the DSP; contract of the label; override, jo, 2026-11-26"
        )
    );
    assert_eq!(lines[2], line("as granted", "message of the label"));
}

//! Attempts compared, whatever the two hold.

use dropzone::domain::report::attempts::{Problem, Standing, compare};
use proptest::prelude::*;

fn problem() -> impl Strategy<Value = Problem> {
    let some = |texts: &'static [&'static str]| {
        prop::option::of(prop::sample::select(texts).prop_map(str::to_owned))
    };
    (
        prop::sample::select(&["AUD-013", "ID-001", "META-010"][..]),
        some(&["a.wav", "b.wav"]),
        some(&["/ern/List/Item[1]/Title", "/ern/List/Item[2]/Title"]),
        prop::option::of(1..4_u32),
        some(&["GBDUM7620001", "GBDUM7620002"]),
        some(&["x", "y"]),
        prop::option::weighted(0.1, 1..50_u32),
    )
        .prop_map(
            |(code, file, path, track, isrc, found, unlisted)| match unlisted {
                Some(number) => Problem::unlisted(code, number),
                None => Problem {
                    code: code.to_owned(),
                    file,
                    path,
                    track,
                    isrc,
                    found,
                    unlisted: None,
                },
            },
        )
}

fn problems() -> impl Strategy<Value = Vec<Problem>> {
    prop::collection::vec(problem(), 0..30)
}

fn number(problems: &[Problem]) -> u32 {
    problems
        .iter()
        .map(|problem| problem.unlisted.unwrap_or(1))
        .sum()
}

proptest! {
    #[test]
    fn what_is_not_fixed_is_there(before in problems(), after in problems()) {
        let outcome = compare(&before, &after);
        prop_assert_eq!(outcome.before, number(&before));
        prop_assert!(outcome.fixed <= outcome.before);
        let stayed = outcome.before - outcome.fixed;
        prop_assert_eq!(stayed + outcome.new, number(&after));
        prop_assert_eq!(outcome.standings.len(), after.len());
        let new = outcome.standings.iter().filter(|s| **s == Some(Standing::New)).count();
        prop_assert!(new <= outcome.new as usize);
        let back = compare(&after, &before);
        prop_assert_eq!((back.fixed, back.new), (outcome.new, outcome.fixed), "either way the same");
    }

    #[test]
    fn the_same_again_is_neither_fixed_nor_new(before in problems()) {
        let outcome = compare(&before, &before);
        prop_assert_eq!((outcome.fixed, outcome.new), (0, 0));
    }

    #[test]
    fn the_order_changes_nothing(before in problems(), after in problems(), seed in any::<u64>()) {
        let mixed = |problems: &[Problem]| {
            let mut mixed = problems.to_vec();
            let length = mixed.len().max(1);
            mixed.rotate_left(usize::try_from(seed).unwrap_or(7) % length);
            mixed.reverse();
            mixed
        };
        let (one, other) = (compare(&before, &after), compare(&mixed(&before), &mixed(&after)));
        prop_assert_eq!((one.fixed, one.new), (other.fixed, other.new));
    }

    #[test]
    fn problems_of_other_rules_change_nothing(before in problems(), after in problems()) {
        let alone = compare(&before, &after);
        let mut more = after.clone();
        more.push(Problem::unlisted("PKG-007", 3));
        let outcome = compare(&before, &more);
        prop_assert_eq!((outcome.fixed, outcome.new), (alone.fixed, alone.new + 3));
    }
}

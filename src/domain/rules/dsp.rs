//! DSP-001 … DSP-015: whether a release can go to one DSP as that DSP wants it. They need the DSP's
//! profile and the message that is made for it, so `domain::readiness` judges by them; here are
//! their words.

use super::super::report::Severity;
use super::{Rule, Weight};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "DSP-001",
        title: "Message for the DSP breaks the schema",
        why: "What we make from the label's message is held against the official schema before \
              anything is sent. A message that breaks it is never sent: the DSP would refuse it.",
        fix: "Tell the makers of dropzone, with the message (dropzone push preview … --xml): this is a \
              fault of ours, not the label's.",
        source: "DDEX ERN 4.3 and 3.8.2, release-notification.xsd",
        safety: true,
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-002",
        title: "Party identifier for the DSP is wrong",
        why: "Sender and recipient are told by their DDEX party identifiers, PADPIDA and letters or \
              digits. The DSP files the message by them.",
        fix: "Set `dpid` of [message_options] in the DSP's profile, and `dpid` of [party] in \
              dropzone.toml.",
        source: "DDEX ERN 4.3, ddex_PartyId",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-003",
        title: "DSP will not read this",
        weight: Weight::WARNING,
        why: "The version of ERN that the DSP takes has no place for it. What is lost is listed, never \
              dropped in silence.",
        fix: "Nothing has to be done, unless the DSP's listeners should see it: then say it in a place \
              that both versions have.",
        source: "DDEX ERN 3.8.2 and 4.3, compared",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-004",
        title: "Something else stands for what is not stated",
        weight: Weight::WARNING,
        why: "The DSP's version of ERN wants a value that the label's message does not have, and \
              another value of the message stands for it.",
        fix: "State the value, if the one that stands for it is not meant.",
        source: "DDEX Release Profile 2.1, rule 1031",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-005",
        title: "DSP does not take this version of ERN",
        why: "The DSP's profile says that it takes ERN 4.3 or later only, and another version is \
              chosen for it.",
        fix: "Set `message = \"ern_43\"` in the DSP's profile.",
        source: "Spotify provider support: 3.7 to 4.2 are closed since 1 April 2026",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-006",
        title: "DSP takes no purge",
        weight: Weight::WARNING,
        why: "A PurgeReleaseMessage makes a DSP forget a release. Not every DSP takes one; to one that \
              does not, none is ever sent: the release is taken down in the form that its profile \
              names.",
        fix: "Nothing has to be done. If the DSP takes purges by now, set `purge = true` in its \
              profile.",
        source: "Spotify onboarding guideline 2.14",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-007",
        title: "DSP takes no ERN",
        why: "Apple takes releases as .itmsp packages through its own tools. An ERN message is \
              nothing to it, so nothing is sent.",
        fix: "Take the profile out, or, if it is another party, call it by another name.",
        source: "Apple Music Specification",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-008",
        title: "Release comes late for the DSP",
        weight: Weight::WARNING,
        why: "The DSP asks for new releases so many days before the first day of sale. One that comes \
              later may not be there on the day.",
        fix: "Move the first day of sale, or tell the label that the release may be late there.",
        source: "Spotify provider support, lead times",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-009",
        title: "Pushes to the DSP are held back",
        weight: Weight::INFO,
        why: "The DSP's profile has `enabled = false`: what is approved waits until that is changed.",
        fix: "Nothing has to be done by the label. Set `enabled = true` in the DSP's profile to let \
              pushes go.",
        source: "drop zone",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-010",
        title: "File is changed for the DSP",
        weight: Weight::INFO.or(Severity::Error),
        why: "The DSP's profile asks for another form of audio or artwork, and we make it without \
              losing a sample. Where that cannot be done, nothing is sent: an error.",
        fix: "Nothing has to be done where the file can be changed. Else ask the label for another \
              master, or change [audio] and [artwork] of the profile.",
        source: "Spotify provider support, audio file delivery",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-011",
        title: "Release has too many tracks for the DSP",
        why: "The DSP takes releases of so many tracks at most.",
        fix: "Deliver the release in several parts.",
        source: "Apple Music Specification, 500 tracks",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-012",
        title: "Release lacks what the DSP requires",
        why: "Our rules let it pass, but this DSP takes no release without it.",
        fix: "Add it to the message and upload the release again.",
        source: "Apple Music Style Guide; Spotify provider support",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-013",
        title: "Release cannot be said in the DSP's message",
        why: "The version of ERN that the DSP takes has no way to say what the label's message says, \
              or the message lacks what that version cannot do without.",
        fix: "Do what the finding says, and upload the release again.",
        source: "DDEX ERN 3.8.2 and 4.3",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-014",
        title: "Release is kept from the DSP",
        why: "Somebody blocked the release at this DSP, or what holds for it there (the DSP's profile, \
              the label's contract, overrides of the release) leaves nothing of what the label's message \
              grants. Nothing is sent: a message without deals would take the release down.",
        fix: "If it is to go, change or clear what holds: dropzone push override RELEASE --dsp DSP.",
        source: "drop zone",
        for_a_dsp: true,
        ..Rule::BASE
    },
    Rule {
        code: "DSP-015",
        title: "Override asks for more than is granted",
        weight: Weight::WARNING,
        why: "An override of the release names a territory, a model or a use that no deal of the label's \
              message grants, or a price where nothing is paid by the piece. Overrides only ever narrow: \
              it stays away.",
        fix: "Ask the label to grant it and to deliver the release again, or take it out of the override.",
        source: "drop zone",
        for_a_dsp: true,
        ..Rule::BASE
    },
];

//! Judges whether a release can go to one DSP: rules DSP-001 … DSP-015 over the DSP's profile, the
//! label's message, and what was made or foreseen for it. The rules' words are in the catalogue.

use super::dsp::{DspProfile, MessageChoice, TakedownForm, TransportChoice};
use super::ern::write::{Loss, Refusal};
use super::facts::SchemaFacts;
use super::push::PushKind;
use super::release::{Message, Pos, Recording, Release, RightsLine, Text};
use super::report::{Finding, Severity};
use super::rules;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// All that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Going<'a> {
    /// The DSP.
    pub profile: &'a DspProfile,
    /// What the release is to the DSP.
    pub kind: PushKind,
    /// The label's message.
    pub message: &'a Message,
    /// Files that change on the way.
    pub changes: &'a [Change],
    /// What the message for the DSP does not say.
    pub losses: &'a [Loss],
    /// Why no message can be made.
    pub refusals: &'a [Refusal],
    /// What the schema says of the message for the DSP, and that message.
    pub schema: Option<(&'a SchemaFacts, &'a str)>,
    /// The time of judging.
    pub now: Timestamp,
}

/// A file that a DSP gets in another form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path in the package.
    pub file: String,
    /// What is done, as a sentence; or why it cannot be.
    pub what: Result<String, String>,
}

/// Findings, the gravest first.
pub fn judge(going: &Going<'_>) -> Vec<Finding> {
    let mut found = Found(Vec::new());
    version(going, &mut found);
    made(going, &mut found);
    // A takedown needs no more than its identifiers.
    if going.kind == PushKind::Takedown {
        if going.profile.takedown == TakedownForm::Purge && !going.profile.purge {
            found.0.extend(no_purge(going.profile));
        }
    } else {
        files(going, &mut found);
        required(going, &mut found);
        tracks(going, &mut found);
        lead_time(going, &mut found);
    }
    if !going.profile.enabled {
        let what = format!(
            "Pushes to {} wait until they are let go.",
            going.profile.name
        );
        found.add("DSP-009", what, |_| {});
    }
    found.0.sort_by_key(|finding| finding.severity);
    found.0
}

/// DSP-006: an operator asks for a purge, and the DSP takes none.
pub fn no_purge(profile: &DspProfile) -> Vec<Finding> {
    let mut found = Found(Vec::new());
    let what = format!(
        "{} takes no PurgeReleaseMessage; it gets {} instead.",
        profile.name,
        profile.takedown_form(true).words()
    );
    found.add("DSP-006", what, |_| {});
    found.0
}

struct Found(Vec<Finding>);

impl Found {
    fn add(&mut self, code: &str, message: impl Into<String>, more: impl FnOnce(&mut Finding)) {
        let Some(rule) = rules::rule(code) else {
            debug_assert!(false, "{code} is not in the catalogue");
            return;
        };
        let mut finding = Finding {
            code: rule.code.to_owned(),
            // The same in both profiles.
            severity: rule.weight.usual.strict,
            usual: None,
            title: rule.title.to_owned(),
            message: message.into(),
            fix: rule.fix.to_owned(),
            fixable: false,
            repair: Vec::new(),
            file: None,
            line: None,
            column: None,
            path: None,
            track: None,
            isrc: None,
            expected: None,
            found: None,
            source: rule.source.to_owned(),
            more: None,
            standing: None,
        };
        more(&mut finding);
        self.0.push(finding);
    }
}

/// A place in the label's message.
fn at(finding: &mut Finding, pos: &Pos) {
    finding.line = (pos.line > 0).then_some(pos.line);
    finding.column = (pos.column > 0).then_some(pos.column);
    finding.path = (!pos.path.is_empty()).then(|| pos.path.clone());
}

fn version(going: &Going<'_>, found: &mut Found) {
    let profile = going.profile;
    let is_43 = match profile.message {
        MessageChoice::Ern43 => true,
        MessageChoice::Ern382 => false,
        MessageChoice::AsReceived => {
            going.message.version.starts_with('4') && going.message.version.as_str() >= "43"
        }
    };
    if profile.requires.ern_43 && !is_43 {
        let what = format!(
            "{} takes ERN 4.3 or later, and its profile sends {}.",
            profile.name,
            match profile.message {
                MessageChoice::AsReceived => "the label's own message",
                MessageChoice::Ern43 | MessageChoice::Ern382 => profile.version(),
            }
        );
        found.add("DSP-005", what, |_| {});
    }
    if is_apple(profile) {
        let what = format!(
            "{} looks like Apple's store, which takes no ERN at all but its own .itmsp packages.",
            profile.name
        );
        found.add("DSP-007", what, |_| {});
    }
}

/// Told by its server, or by the name that the profile gives it.
fn is_apple(profile: &DspProfile) -> bool {
    let host = match &profile.transport {
        TransportChoice::Sftp { host, .. } => host.to_ascii_lowercase(),
        TransportChoice::Folder { .. } | TransportChoice::S3 { .. } => String::new(),
    };
    let names = [&profile.name, &profile.message_options.party_name];
    let is_named = names.into_iter().any(|name| {
        let name = name.trim().to_lowercase();
        name == "apple" || name.starts_with("apple music") || name.starts_with("itunes")
    });
    is_named || host == "apple.com" || host.ends_with(".apple.com")
}

/// What the writer and the schema have to say.
fn made(going: &Going<'_>, found: &mut Found) {
    for refusal in going.refusals {
        found.add(refusal.code, refusal.message.clone(), |finding| {
            finding.fix.clone_from(&refusal.fix);
            at(finding, &refusal.at);
        });
    }
    for loss in going.losses {
        let what = format!("{}: {}", loss.what, loss.why);
        found.add(loss.code, what, |finding| at(finding, &loss.at));
    }
    let Some((schema, xml)) = going.schema else {
        return;
    };
    for fault in &schema.faults {
        found.add("DSP-001", fault.message.clone(), |finding| {
            finding.line = (fault.line > 0).then_some(fault.line);
            finding.column = column_of(xml, fault.line);
            finding.path = Some(fault.path.clone());
            finding.expected.clone_from(&fault.expected);
            finding.found.clone_from(&fault.found);
        });
    }
}

/// Where the element begins: the writer gives each a line of its own, and the schema tells lines
/// only.
pub fn column_of(xml: &str, line: u32) -> Option<u32> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = xml.lines().nth(line)?;
    let blanks = text
        .chars()
        .take_while(|letter| letter.is_whitespace())
        .count();
    u32::try_from(blanks + 1).ok()
}

fn files(going: &Going<'_>, found: &mut Found) {
    for change in going.changes {
        match &change.what {
            Ok(what) => found.add("DSP-010", what.clone(), |finding| {
                finding.file = Some(change.file.clone());
            }),
            Err(why) => found.add("DSP-010", why.clone(), |finding| {
                finding.file = Some(change.file.clone());
                finding.severity = Severity::Error;
            }),
        }
    }
}

fn required(going: &Going<'_>, found: &mut Found) {
    let (requires, dsp) = (&going.profile.requires, &going.profile.name);
    let main = going.message.main_release();
    let mut lack = |what: &str, place: &Pos, track: Option<(u32, &Recording)>| {
        let of = track.map_or_else(String::new, |(number, recording)| {
            format!(" for track {number} “{}”", recording.title())
        });
        let sentence = format!("{dsp} needs {what}{of}, and the message has none.");
        found.add("DSP-012", sentence, |finding| {
            finding.expected = Some(what.to_owned());
            finding.track = track.map(|(number, _)| number);
            finding.isrc = track.and_then(|(_, r)| Some(r.isrc.as_ref()?.as_str().to_owned()));
            at(finding, place);
        });
    };
    for (recording, number) in in_order(going.message).into_iter().zip(1..) {
        let track = Some((number, recording));
        if requires.composer && !has_writer(recording) {
            lack("a composer", &recording.at, track);
        }
        let is_sung = !is_true(recording.instrumental.as_ref());
        if requires.language && is_sung && is_empty(recording.language.as_ref()) {
            lack("the language of the words", &recording.at, track);
        }
        let stated = |lines: &[RightsLine]| lines.iter().any(|line| !is_empty(line.text.as_ref()));
        let on_release = main.is_some_and(|main| stated(&main.plines));
        if requires.p_line && !on_release && !stated(&recording.plines) {
            lack("a P line", &recording.at, track);
        }
    }
    let Some(main) = main else { return };
    if requires.label_name && is_empty(main.label_name.as_ref()) {
        lack("the name of the label", &main.at, None);
    }
    let has_c_line = main.clines.iter().any(|line| !is_empty(line.text.as_ref()));
    if requires.c_line && !has_c_line {
        lack("a C line", &main.at, None);
    }
}

fn is_true(text: Option<&Text>) -> bool {
    text.is_some_and(|text| matches!(text.as_str(), "true" | "1"))
}

fn is_empty(text: Option<&Text>) -> bool {
    text.is_none_or(|text| text.as_str().is_empty())
}

fn has_writer(recording: &Recording) -> bool {
    let mut people = recording.contributors.iter().chain(&recording.artists);
    people.any(|person| rules::wrote(person) && !is_empty(person.name.as_ref()))
}

/// The recordings of the product in their running order; all of the message where it states none.
fn in_order(message: &Message) -> Vec<&Recording> {
    let named = |name: &str| {
        let mut all = message.recordings.iter();
        all.find(|r| r.reference.as_ref().is_some_and(|own| own.as_str() == name))
    };
    let places = message.main_release().map(|main| &main.items);
    let mut order: Vec<&Recording> = Vec::new();
    for name in places
        .into_iter()
        .flatten()
        .flat_map(|item| &item.references)
    {
        if let Some(recording) = named(name.as_str())
            && !order.iter().any(|known| std::ptr::eq(*known, recording))
        {
            order.push(recording);
        }
    }
    if order.is_empty() {
        order.extend(&message.recordings);
    }
    order
}

fn tracks(going: &Going<'_>, found: &mut Found) {
    let most = going.profile.requires.most_tracks as usize;
    let count = going.message.recordings.len();
    if most > 0 && count > most {
        let dsp = &going.profile.name;
        let what = format!("The release has {count} tracks; {dsp} takes {most} at most.");
        found.add("DSP-011", what, |finding| {
            finding.expected = Some(format!("{most} tracks at most"));
            finding.found = Some(format!("{count} tracks"));
        });
    }
}

fn lead_time(going: &Going<'_>, found: &mut Found) {
    let days = going.profile.requires.lead_days;
    if days == 0 || going.kind != PushKind::New {
        return;
    }
    let Some(first) = going
        .message
        .main_release()
        .and_then(|main| first_day(going.message, main))
    else {
        return;
    };
    let today = going.now.to_zoned(TimeZone::UTC).date();
    let left = today.until(first).map_or(0, |span| span.get_days());
    // A release of the back catalogue is late for nobody.
    if left >= 0 && i64::from(left) < i64::from(days) {
        let what = format!(
            "The first day of sale is {first}, in {left} days; {} asks for {days}.",
            going.profile.name
        );
        found.add("DSP-008", what, |finding| {
            finding.expected = Some(format!("{days} days"));
            finding.found = Some(format!("{left} days"));
        });
    }
}

fn first_day(message: &Message, main: &Release) -> Option<Date> {
    let own = main.reference.as_ref()?.as_str();
    let deals = message.deals.iter().filter(|deal| {
        let mut releases = deal.releases.iter();
        releases.any(|reference| reference.as_str() == own)
    });
    deals
        .flat_map(|deal| &deal.deals)
        .filter_map(|deal| deal.start.as_ref()?.as_str().get(..10)?.parse().ok())
        .min()
}

//! What is wrong with a profile that can be told from its words alone. Each mistake is half a
//! sentence that names the key.

use super::{
    ArtworkOptions, AudioFormat, AudioOptions, Choreography, DeliveredWhen, DspProfile,
    MessageOptions, OwnParty, TakedownForm,
};

/// Every mistake of the tables; names and transport are `deliver`'s.
pub fn mistakes(profile: &DspProfile, us: &OwnParty) -> Vec<String> {
    let mut found = Vec::new();
    if profile.concurrency == 0 {
        found.push("`concurrency` is 0, so nothing would ever be pushed. Write 1 or more, or `enabled = false` to hold pushes back".to_owned());
    }
    message(profile, us, &mut found);
    takedown(profile, &mut found);
    if profile.choreography == Choreography::Batch {
        if profile.batch.packages == 0 {
            found.push(
                "`packages` of [batch] is 0, so no batch could ever hold anything".to_owned(),
            );
        }
        if !profile.marker_template().is_empty() {
            found.push(
                "`marker` is set, but a batch ends with its manifest (`manifest` of [names]); take `marker` out".to_owned(),
            );
        }
    }
    if profile.audio.plain_wav_header && profile.audio.format == AudioFormat::Flac {
        found.push("`plain_wav_header` of [audio] is about WAV, but `format` is \"flac\"; take one of them out".to_owned());
    }
    if profile.delivered_when == DeliveredWhen::Acknowledged && profile.acknowledgements.is_empty()
    {
        found.push("`delivered_when` is \"acknowledged\", but `acknowledgements` names no directory to read them from".to_owned());
    }
    found
}

fn message(profile: &DspProfile, us: &OwnParty, found: &mut Vec<String>) {
    let options = &profile.message_options;
    if !profile.message.is_generated() {
        as_received(profile, found);
        return;
    }
    if options.dpid.is_empty() {
        found.push(
            "`dpid` of [message_options] is missing: the DSP's DDEX party identifier, `PADPIDA…`"
                .to_owned(),
        );
    } else if !is_dpid(&options.dpid) {
        found.push(format!("`dpid` of [message_options] is {:?}, which is no DDEX party identifier (`PADPIDA` and letters or digits)", options.dpid));
    }
    let (dpid, key) = if options.sender_dpid.is_empty() {
        (&us.dpid, "`dpid` of [party] in dropzone.toml")
    } else {
        (&options.sender_dpid, "`sender_dpid` of [message_options]")
    };
    if dpid.is_empty() {
        found.push("our own DDEX party identifier is missing: set `dpid` of [party] in dropzone.toml, or `sender_dpid` of [message_options]".to_owned());
    } else if !is_dpid(dpid) {
        found.push(format!(
            "{key} is {dpid:?}, which is no DDEX party identifier (`PADPIDA` and letters or digits)"
        ));
    }
    if options.sender_name.is_empty() && us.name.is_empty() {
        found.push("our own name is missing: set `name` of [party] in dropzone.toml, or `sender_name` of [message_options]".to_owned());
    }
    for territory in &options.territories {
        let is_code = territory.len() == 2 && territory.bytes().all(|b| b.is_ascii_uppercase());
        if !is_code && territory != "Worldwide" {
            found.push(format!("`territories` of [message_options] has {territory:?}; write codes of two capitals such as \"DE\""));
        }
    }
}

fn takedown(profile: &DspProfile, found: &mut Vec<String>) {
    if profile.takedown == TakedownForm::Purge && !profile.purge {
        found.push("`takedown` is \"purge\", but `purge` says that they take no PurgeReleaseMessage; set `purge = true` if they do, or `takedown` to \"no_deal\" or \"end_date\"".to_owned());
    }
    let is_set = profile.takedown != TakedownForm::default();
    if is_set && !profile.message.is_generated() {
        found.push("`takedown` is about a generated message, but `message` is \"as_received\"; set `message` to \"ern_43\" or \"ern_382\", or take `takedown` out".to_owned());
    }
}

/// What is only said of a message of ours would be silently ignored.
fn as_received(profile: &DspProfile, found: &mut Vec<String>) {
    if profile.message_options != MessageOptions::default() {
        found.push("[message_options] is about a generated message, but `message` is \"as_received\"; set `message` to \"ern_43\" or \"ern_382\", or take the table out".to_owned());
    }
    if profile.choreography == Choreography::Batch {
        found.push("`choreography` is \"batch\", whose manifest names our messages, but `message` is \"as_received\"; set `message` to \"ern_43\" or \"ern_382\"".to_owned());
    }
    if profile.audio != AudioOptions::default() || profile.artwork != ArtworkOptions::default() {
        found.push("[audio] and [artwork] change files, and the label's own message states the files as they were; set `message` to \"ern_43\" or \"ern_382\"".to_owned());
    }
}

/// `PADPIDA[a-zA-Z0-9]+`, as ERN 4.3 has it.
fn is_dpid(text: &str) -> bool {
    text.strip_prefix("PADPIDA").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

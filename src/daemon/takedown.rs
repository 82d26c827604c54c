//! What a message that takes a release down is made of.

use super::prepare::{broken, message_of};
use crate::config::Config;
use crate::domain::dsp::{DspProfile, TakedownForm};
use crate::domain::fault::Fault;
use crate::domain::ids::PackageId;
use crate::domain::release::Message;
use crate::store::Store;

/// The message to base a takedown of `package` on, where its own will not do: a DSP that wants to read
/// when the deals ended has to be told them, and a label's message without deals has none. Those of
/// the version that the DSP has are ended then. `None`: the package's own message does.
pub(super) fn basis(
    store: &Store,
    config: &Config,
    profile: &DspProfile,
    (package, message): (&PackageId, &Message),
    purge: bool,
) -> Result<Option<Message>, Fault> {
    let has_deals = message.deals.iter().any(|deal| !deal.deals.is_empty());
    if profile.takedown_form(purge) != TakedownForm::EndDate || has_deals {
        return Ok(None);
    }
    let live = store
        .version_before(package, &profile.id)
        .map_err(|error| broken(&error))?;
    let Some(live) = live else { return Ok(None) };
    let manifest = store.manifest(&live).map_err(|error| broken(&error))?;
    let Some(manifest) = manifest else {
        return Ok(None);
    };
    let spool = config.places().package(&live);
    let (message, _) = message_of(&config.limits, &manifest, &spool)?;
    Ok(Some(message))
}

//! One message from a release, in the version that is asked for.

use super::job::{Job, owner_of};
use super::{
    OutFile, Outgoing, Refusal, Takedown, Target, Written, bounds, header, identity, mend, v43,
    v382,
};
use crate::domain::release::Message;

/// See `super::new_release` and `super::takedown`.
pub(super) fn write(
    message: &Message,
    files: &[OutFile],
    out: &Outgoing,
    how: Option<Takedown>,
) -> Result<Written, Vec<Refusal>> {
    let mut refusals = header::check(out);
    if let Some(too_much) = bounds::check(message) {
        refusals.push(too_much);
        return Err(refusals);
    }
    let (mut message, renamed) = identity::resolved(message, out, &owner_of(message, out));
    let mended = mend::mend(&mut message, files, out);
    let with_files = out.with_files && how.is_none();
    let mut job = match Job::new(&message, files, out, with_files) {
        Ok(job) => job,
        Err(more) => {
            refusals.extend(more);
            return Err(refusals);
        }
    };
    for mended in mended {
        job.note(mended.code, mended.what, mended.why, &mended.at, 1);
    }
    for renamed in renamed {
        job.lose(
            format!("The credit “{}”", renamed.own),
            format!(
                "It shares an identifier with “{}”: {} has them as one party, which is shown under that name and has the other beside it.",
                renamed.shown,
                job.target()
            ),
            &renamed.at,
        );
    }
    header::tell_behalf(&mut job);
    let (root, namespace) = match out.target {
        Target::V43 => (v43::write(&mut job, how), v43::NAMESPACE),
        Target::V382 => (v382::write(&mut job, how), v382::NAMESPACE),
    };
    refusals.append(&mut job.refusals);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Written {
        xml: root.document(namespace),
        losses: job.into_losses(),
    })
}

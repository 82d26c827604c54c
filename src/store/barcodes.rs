//! Whose a barcode is: a release that is under way here, or in stores, has it.

use super::standings::of_release;
use crate::domain::ids::{LabelId, PackageId};
use crate::domain::lifecycle::push::PushState;
use crate::domain::push::PushKind;
use crate::domain::takedown::{AtDsp, Standing, standings};
use rusqlite::{Connection, named_params};

/// Whether another label has the barcode (GTIN-14), seen from a package.
///
/// What was turned down, replaced or only a test holds none: with a barcode that was mistyped, or
/// tried on a test account, nobody is locked out of their own. Of two that are looked at at the same
/// time the one that came first has it.
pub(super) fn is_of_other_label(
    connection: &Connection,
    label: &LabelId,
    package: &PackageId,
    gtin: Option<&str>,
) -> rusqlite::Result<bool> {
    let Some(gtin) = gtin else {
        return Ok(false);
    };
    let waits: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM package o JOIN label l ON l.id = o.label
             WHERE o.gtin = :gtin AND o.label <> :label AND o.is_test = 0
                 AND (o.status = 'needs_qc' OR (o.status = 'incoming' AND l.in_test = 0
                     AND o.seq < coalesce((SELECT seq FROM package WHERE id = :package), o.seq + 1))))",
        )?
        .query_one(
            named_params! {
                ":gtin": gtin,
                ":label": label.as_str(),
                ":package": package.as_str(),
            },
            |row| row.get(0),
        )?;
    if waits {
        return Ok(true);
    }
    let approved: Vec<String> = connection
        .prepare_cached(
            "SELECT DISTINCT label FROM package
             WHERE gtin = ?1 AND label <> ?2 AND is_test = 0
                 AND status IN ('qc_approved', 'delivered')",
        )?
        .query_map((gtin, label.as_str()), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for other in approved {
        if is_in_stores(connection, &other, gtin)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a store has the release, or may still get it. What was given up or blocked may be tried
/// again, unless the release was taken off the stores.
fn is_in_stores(connection: &Connection, label: &str, gtin: &str) -> rusqlite::Result<bool> {
    let pushes = of_release(connection, label, gtin)?;
    let may_be_tried = pushes.iter().any(|push| {
        push.kind != PushKind::Takedown
            && matches!(push.state, PushState::Failed | PushState::Blocked)
    });
    let all = standings(pushes);
    let is_down = |at: &AtDsp| match at.standing {
        Standing::BeingTakenDown(_) | Standing::TakenDown(_) => true,
        Standing::Absent | Standing::There(_) | Standing::OnItsWay(_) => false,
    };
    Ok(all.values().any(AtDsp::is_live) || (may_be_tried && !all.values().any(is_down)))
}

//! What holds, applied to the deals of a message.

use super::{Applied, Effective, Held, Source};
use crate::domain::dsp::area::Area;
use crate::domain::ern::write::{Loss, Refusal};
use crate::domain::release::{Coded, Deal, Message, Pos, Price, ProprietaryId, ReleaseDeal, Text};
use jiff::civil::Date;

/// The rule of releases that are kept from a DSP.
const KEPT: &str = "DSP-014";
/// The rule of what is asked for and not granted.
const NOT_GRANTED: &str = "DSP-015";
/// The model under which a price is paid for each piece.
const BY_THE_PIECE: &str = "PayAsYouGoModel";

impl Effective {
    /// Applies it to a message.
    pub fn apply(&self, message: &Message) -> Applied {
        let mut made = Applied {
            message: message.clone(),
            losses: Vec::new(),
            kept: None,
        };
        if let Some(blocked) = &self.blocked {
            let fix = "If it is to go: dropzone push override RELEASE --dsp DSP --unblock.";
            made.kept = Some(kept(blocked.value.clone(), fix, &message.at));
        }
        if self.as_received {
            made.kept = made.kept.or_else(|| self.unsayable(message));
            return made;
        }
        let main = message.main_release();
        let own = main
            .and_then(|main| main.reference.as_ref())
            .map(Text::as_str);
        self.tell_not_granted(&mut made, own);
        let day = main.and_then(|main| main.release_date.as_ref());
        let day = day.and_then(|day| first_day(day.as_str()));
        for group in &mut made.message.deals {
            // A group that loses all its deals stays: it says that its releases are not sold by the
            // deals of others.
            for deal in std::mem::take(&mut group.deals) {
                let at = deal.at.clone();
                match self.narrowed(deal, day.as_deref()) {
                    Ok(deal) => group.deals.push(deal),
                    Err(why) => made.losses.push(Loss {
                        code: "DSP-003",
                        what: "A deal".to_owned(),
                        why,
                        at,
                    }),
                }
            }
        }
        self.put_prices(&mut made, own);
        if made.kept.is_none() {
            made.kept = nothing_left(message, &made, own);
        }
        made
    }

    /// Values of an override that the label's own message cannot be made to say.
    fn unsayable(&self, message: &Message) -> Option<Refusal> {
        let is_narrowed = !self.territories.is_empty()
            || self.start.is_some()
            || self.price_tier.is_some()
            || self.models.is_some()
            || self.use_types.is_some();
        is_narrowed.then(|| {
            let what = format!(
                "{} gets the label's own message, and what was set for this release cannot be said in it.",
                self.store
            );
            let fix = "Take it back (dropzone push override RELEASE --dsp DSP --clear), or set `message = \"ern_43\"` in the DSP's profile.";
            kept(what, fix, &message.at)
        })
    }

    /// One deal, narrowed; else why nothing is left of it, as a sentence.
    fn narrowed(&self, mut deal: Deal, release_day: Option<&str>) -> Result<Deal, String> {
        if !is_grant(&deal) {
            return Ok(deal);
        }
        if !self.territories.is_empty() {
            let (before, allowed) = (area_of(&deal), self.area());
            let after = before.and(&allowed);
            if after.is_nowhere() {
                return Err(format!(
                    "It holds in {before}, and {} may have the release in {allowed}.",
                    self.store
                ));
            }
            if after != before {
                let at = deal.territories.first().or(deal.excluded.first());
                let at = at.map_or_else(|| deal.at.clone(), |text| text.at.clone());
                let texts = |codes: Vec<&str>| codes.into_iter().map(|c| text(c, &at)).collect();
                let (inside, outside) = after.codes();
                (deal.territories, deal.excluded) = (texts(inside), texts(outside));
            }
        }
        if let Some(start) = &self.start {
            self.begin_later(&mut deal, start.value, release_day)?;
        }
        if let Some(models) = &self.models {
            let all = (&mut deal.models, &mut deal.more.models);
            self.keep(all, &models.value, "CommercialModelType")?;
        }
        if let Some(uses) = &self.use_types {
            let all = (&mut deal.use_types, &mut deal.more.use_types);
            self.keep(all, &uses.value, "UseType")?;
        }
        Ok(deal)
    }

    fn begin_later(
        &self,
        deal: &mut Deal,
        start: Date,
        release_day: Option<&str>,
    ) -> Result<(), String> {
        let start = start.to_string();
        let at = deal.at.clone();
        let later = |stated: Option<&Text>| -> Option<Text> {
            let day = match stated {
                Some(stated) => first_day(stated.as_str()),
                // A deal without a start begins with the release.
                None => release_day.map(str::to_owned),
            };
            match (stated, day) {
                // One that cannot be read is for the writer to refuse.
                (Some(stated), None) => Some(stated.clone()),
                (stated, Some(day)) if day >= start => stated.cloned(),
                (stated, _) => {
                    let at = stated.map_or(&at, |stated| &stated.at);
                    Some(text(&start, at))
                }
            }
        };
        if deal.more.periods.is_empty() {
            deal.more
                .periods
                .push((deal.start.clone(), deal.end.clone()));
        }
        let ends: Vec<String> = deal
            .more
            .periods
            .iter()
            .filter_map(|(_, end)| end.as_ref())
            .map(|end| end.as_str().to_owned())
            .collect();
        for (begin, _) in &mut deal.more.periods {
            *begin = later(begin.as_ref());
        }
        let is_open = |end: &Text| last_day(end.as_str()).is_none_or(|end| end >= start);
        deal.more
            .periods
            .retain(|(_, end)| end.as_ref().is_none_or(is_open));
        if deal.more.periods.is_empty() {
            return Err(format!(
                "It ends on {}, and {} may not have the release before {start}.",
                ends.last().map_or("", String::as_str),
                self.store
            ));
        }
        deal.start = later(deal.start.as_ref());
        Ok(())
    }

    fn keep(
        &self,
        (plain, coded): (&mut Vec<Text>, &mut Vec<Coded>),
        allowed: &[String],
        name: &str,
    ) -> Result<(), String> {
        let is_allowed = |word: &str| allowed.iter().any(|own| own == word);
        let before: Vec<&str> = plain.iter().map(Text::as_str).collect();
        let before = if before.is_empty() {
            "none".to_owned()
        } else {
            before.join(", ")
        };
        plain.retain(|text| is_allowed(text.as_str()));
        coded.retain(|coded| {
            is_allowed(coded.text.as_str()) || coded.user_defined.as_deref().is_some_and(is_allowed)
        });
        if coded.is_empty() {
            return Err(format!(
                "It states {name} {before}, and {} may have {} alone.",
                self.store,
                allowed.join(", ")
            ));
        }
        Ok(())
    }

    /// The codes of the DSP; the product's price where one was set. What tracks cost is left alone.
    fn put_prices(&self, made: &mut Applied, own: Option<&str>) {
        let codes = made
            .message
            .deals
            .iter_mut()
            .flat_map(|group| &mut group.deals);
        for code in codes
            .flat_map(|deal| &mut deal.more.prices)
            .filter_map(|p| p.code.as_mut())
        {
            if let Some(stores) = self.prices.get(code.value.as_str()) {
                stores.clone_into(&mut code.value.value);
            }
        }
        let (Some(tier), Some(own)) = (&self.price_tier, own) else {
            return;
        };
        let mut is_set = false;
        let mut groups = Vec::new();
        for mut group in std::mem::take(&mut made.message.deals) {
            let (product, others): (Vec<Text>, Vec<Text>) = std::mem::take(&mut group.releases)
                .into_iter()
                .partition(|r| r.as_str() == own);
            if !others.is_empty() {
                groups.push(ReleaseDeal {
                    releases: others,
                    ..group.clone()
                });
            }
            if product.is_empty() {
                continue;
            }
            group.releases = product;
            for deal in &mut group.deals {
                is_set |= self.put_price(deal, &tier.value);
            }
            groups.push(group);
        }
        made.message.deals = groups;
        if !is_set {
            made.losses.push(Loss {
                code: NOT_GRANTED,
                what: format!("Price tier {}", tier.value),
                why: "No deal of the release is paid by the piece, so nothing has that price."
                    .to_owned(),
                at: made.message.at.clone(),
            });
        }
    }

    fn put_price(&self, deal: &mut Deal, tier: &str) -> bool {
        let is_paid = !deal.more.prices.is_empty()
            || deal
                .models
                .iter()
                .any(|model| model.as_str() == BY_THE_PIECE);
        if is_paid && is_grant(deal) {
            let value = text(tier, &deal.at);
            deal.price_type = Some(value.clone());
            (deal.wholesale_price, deal.currency) = (None, None);
            let namespace = self.namespace.clone();
            deal.more.prices = vec![Price {
                code: Some(ProprietaryId { value, namespace }),
                ..Price::default()
            }];
        }
        is_paid
    }

    /// What an override asks for and no deal of the product grants.
    fn tell_not_granted(&self, made: &mut Applied, own: Option<&str>) {
        let grants: Vec<&Deal> = of_product(&made.message.deals, own).collect();
        if grants.is_empty() {
            return;
        }
        let mut asked = Vec::new();
        let is_own = |source: &Source| matches!(source, Source::Override { .. });
        let mut below = Area::world();
        for layer in &self.territories {
            if let (true, Area::In(codes)) = (is_own(&layer.source), &layer.value) {
                let areas: Vec<Area> = grants
                    .iter()
                    .map(|deal| area_of(deal).and(&below))
                    .collect();
                let is_nowhere = |code: &&String| {
                    let one = Area::of([code.as_str()]);
                    areas.iter().all(|area| area.and(&one).is_nowhere())
                };
                let vain: Vec<&str> = codes
                    .iter()
                    .filter(is_nowhere)
                    .map(String::as_str)
                    .collect();
                if !vain.is_empty() {
                    asked.push(format!("Territory {}", vain.join(", ")));
                }
            }
            below = below.and(&layer.value);
        }
        let words = |name: &str, wanted: &Option<Held<Vec<String>>>, of: fn(&Deal) -> &[Text]| {
            let wanted = wanted.as_ref()?;
            let is_there = |word: &str| {
                grants
                    .iter()
                    .any(|deal| of(deal).iter().any(|t| t.as_str() == word))
            };
            let vain: Vec<&str> = wanted
                .value
                .iter()
                .map(String::as_str)
                .filter(|word| !is_there(word))
                .collect();
            (!vain.is_empty()).then(|| format!("{name} {}", vain.join(", ")))
        };
        asked.extend(words("CommercialModelType", &self.models, |deal| {
            &deal.models
        }));
        asked.extend(words("UseType", &self.use_types, |deal| &deal.use_types));
        for what in asked {
            made.losses.push(Loss {
                code: NOT_GRANTED,
                what,
                why: format!(
                    "It was asked for at {}, and the label does not grant it; it stays away.",
                    self.store
                ),
                at: made.message.at.clone(),
            });
        }
    }
}

fn kept(message: String, fix: &str, at: &Pos) -> Refusal {
    Refusal {
        code: KEPT,
        message,
        fix: fix.to_owned(),
        at: at.clone(),
    }
}

pub(super) fn text(value: &str, at: &Pos) -> Text {
    Text {
        value: value.to_owned(),
        at: at.clone(),
    }
}

/// Whether a deal allows anything: one that ends all deals, or is empty, does not.
fn is_grant(deal: &Deal) -> bool {
    let ends = deal.take_down.as_ref();
    let is_end = ends.is_some_and(|text| matches!(text.as_str(), "true" | "1"));
    let says_nothing = deal.models.is_empty()
        && deal.use_types.is_empty()
        && deal.territories.is_empty()
        && deal.excluded.is_empty();
    !is_end && !says_nothing
}

/// Deals of the product that allow something.
fn of_product<'a>(
    deals: &'a [ReleaseDeal],
    own: Option<&'a str>,
) -> impl Iterator<Item = &'a Deal> {
    let is_own = move |group: &&ReleaseDeal| {
        let mut releases = group.releases.iter();
        own.is_none_or(|own| releases.any(|r| r.as_str() == own))
    };
    let deals = deals.iter().filter(is_own).flat_map(|group| &group.deals);
    deals.filter(|deal| is_grant(deal))
}

/// Where a deal holds, as its writer reads it; one that does not say holds everywhere.
pub fn area_of(deal: &Deal) -> Area {
    let outside = Area::without(deal.excluded.iter().map(Text::as_str));
    if deal.territories.is_empty() {
        return outside;
    }
    Area::of(deal.territories.iter().map(Text::as_str)).and(&outside)
}

/// The first day of a date or moment of DDEX.
pub fn first_day(text: &str) -> Option<String> {
    let whole = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.get(..10)?.to_owned(),
    };
    whole.parse::<Date>().is_ok().then_some(whole)
}

/// The last day of a date of DDEX, or the day of a moment; as a text for comparing.
pub(super) fn last_day(text: &str) -> Option<String> {
    match text.len() {
        4 => Some(format!("{text}-12-31")),
        // No day of any month is greater.
        7 => Some(format!("{text}-31")),
        _ => text.get(..10).map(str::to_owned),
    }
}

/// A release without any deal would be taken down by the message that is to bring it.
fn nothing_left(before: &Message, made: &Applied, own: Option<&str>) -> Option<Refusal> {
    let had = of_product(&before.deals, own).next().is_some();
    let has = of_product(&made.message.deals, own).next().is_some();
    if !had || has {
        return None;
    }
    let reasons = made.losses.iter().filter(|loss| loss.code != NOT_GRANTED);
    let mut why: Vec<&str> = reasons.map(|loss| loss.why.as_str()).collect();
    why.dedup();
    let what = format!("No deal of the release is left. {}", why.join(" "));
    let fix = "Change or clear what holds for the release at this DSP (dropzone push override), or hold it back with --block.";
    Some(kept(what, fix, &before.at))
}

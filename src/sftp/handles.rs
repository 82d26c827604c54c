//! The open files and folders of one channel.
//!
//! Invariants: at most `most` are open; a handle that was closed never means another file
//! (its slot gets a new generation). Dropping the table leaves every upload partial.

use super::refusal::Refusal;
use super::upload::OpenUpload;
use std::fs::File;

/// What a handle stands for.
#[derive(Debug)]
pub(super) enum Open {
    /// A file on its way in.
    Upload(Writing),
    /// A file that is read.
    Reading(File),
    /// A folder that is listed.
    Listing(Listing),
}

/// A file on its way in.
#[derive(Debug)]
pub(super) struct Writing {
    /// The hold on it.
    pub(super) open: OpenUpload,
    /// Its path when it was opened; for throttling and logs only.
    pub(super) path: String,
    /// It was opened for reading too.
    pub(super) readable: bool,
}

/// A folder that is listed: a snapshot of its names, looked at when they are asked for.
#[derive(Debug)]
pub(super) struct Listing {
    /// The folder, as a canonical virtual path.
    pub(super) folder: String,
    /// Names not told yet, `.` and `..` first.
    pub(super) names: std::vec::IntoIter<String>,
    /// What the names take in memory, until it is closed.
    pub(super) bytes: usize,
}

/// The table.
#[derive(Debug)]
pub(super) struct Handles {
    slots: Vec<Slot>,
    /// `limits@openssh.com` says so to clients.
    most: usize,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    open: Option<Open>,
}

impl Handles {
    /// A table for so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            slots: Vec::new(),
            most,
        }
    }

    /// How many may be open.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Refuses when no more may be open. To be asked before anything is changed for what would be
    /// opened.
    pub(super) fn admit(&self) -> Result<(), Refusal> {
        let open = self.slots.iter().filter(|slot| slot.open.is_some());
        if open.count() < self.most {
            return Ok(());
        }
        Err(Refusal::failure(format!(
            "Too many files are open in this connection; {} is the most. Close some of them, or \
             let your program send fewer at a time.",
            self.most
        )))
    }

    /// Enters something and returns its handle.
    pub(super) fn insert(&mut self, open: Open) -> Result<[u8; 8], Refusal> {
        self.admit()?;
        let free = self.slots.iter().position(|slot| slot.open.is_none());
        let index = free.unwrap_or(self.slots.len());
        if free.is_none() {
            self.slots.push(Slot::default());
        }
        let slot = self.slots.get_mut(index).ok_or_else(Refusal::bad_handle)?;
        slot.generation = slot.generation.wrapping_add(1);
        slot.open = Some(open);
        let number = u64::from(slot.generation) << 32 | index as u64;
        Ok(number.to_be_bytes())
    }

    /// What a handle stands for.
    pub(super) fn get(&mut self, handle: &[u8]) -> Result<&mut Open, Refusal> {
        self.slot(handle)?
            .open
            .as_mut()
            .ok_or_else(Refusal::bad_handle)
    }

    /// Takes it out; the handle means nothing any more.
    pub(super) fn remove(&mut self, handle: &[u8]) -> Result<Open, Refusal> {
        self.slot(handle)?
            .open
            .take()
            .ok_or_else(Refusal::bad_handle)
    }

    /// What the names of open folders take in memory.
    pub(super) fn listed_bytes(&self) -> usize {
        let listed = self.slots.iter().map(|slot| match &slot.open {
            Some(Open::Listing(listing)) => listing.bytes,
            Some(Open::Upload(_) | Open::Reading(_)) | None => 0,
        });
        listed.sum()
    }

    /// How many uploads are open.
    pub(super) fn uploads(&self) -> usize {
        self.writing().count()
    }

    /// The uploads that are open.
    pub(super) fn writing(&self) -> impl Iterator<Item = &Writing> {
        self.slots.iter().filter_map(|slot| match &slot.open {
            Some(Open::Upload(writing)) => Some(writing),
            Some(Open::Reading(_) | Open::Listing(_)) | None => None,
        })
    }

    /// The tickets of this table's uploads.
    pub(super) fn tickets(&self) -> Vec<u64> {
        self.writing()
            .map(|writing| writing.open.upload().ticket())
            .collect()
    }

    fn slot(&mut self, handle: &[u8]) -> Result<&mut Slot, Refusal> {
        let bytes = handle.try_into().map_err(|_| Refusal::bad_handle())?;
        let number = u64::from_be_bytes(bytes);
        let index = usize::try_from(number & u64::from(u32::MAX)).unwrap_or(usize::MAX);
        self.slots
            .get_mut(index)
            .filter(|slot| u64::from(slot.generation) == number >> 32)
            .ok_or_else(Refusal::bad_handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 3;

    fn listing() -> Open {
        Open::Listing(Listing {
            folder: "/".to_owned(),
            names: Vec::new().into_iter(),
            bytes: 0,
        })
    }

    #[test]
    fn a_closed_handle_never_means_another_file() {
        let mut handles = Handles::new(MOST);
        let first = handles.insert(listing()).unwrap();
        handles.remove(&first).unwrap();
        let second = handles.insert(listing()).unwrap();
        assert_ne!(first, second);
        assert!(handles.get(&first).is_err());
        assert!(handles.get(&second).is_ok());
        assert!(handles.remove(&first).is_err());
    }

    #[test]
    fn handles_are_bounded_and_slots_used_again() {
        let mut handles = Handles::new(MOST);
        let all: Vec<_> = (0..MOST)
            .map(|_| handles.insert(listing()).unwrap())
            .collect();
        assert!(handles.insert(listing()).is_err());
        handles.remove(&all[1]).unwrap();
        assert!(handles.insert(listing()).is_ok());
    }

    #[test]
    fn what_is_no_handle_is_refused() {
        let mut handles = Handles::new(MOST);
        for handle in [&b""[..], b"1234", &[0; 8], &[0xff; 8], &[0; 300]] {
            assert!(handles.get(handle).is_err());
        }
    }
}

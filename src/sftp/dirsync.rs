//! Makes names durable: fsync of directories, one for all who wait.
//!
//! A label that uploads 2,000 small files closes many at a time in one folder. Each CLOSE needs
//! the folder's fsync to begin after its rename; all that arrive while one fsync runs share the
//! next one.

use rustix::io::Result;
use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

/// Device and inode of a directory.
type DirectoryId = (u64, u64);

/// Directories being synced now.
#[derive(Debug, Default)]
pub(super) struct DirectorySync {
    queues: Mutex<HashMap<DirectoryId, Arc<Queue>>>,
}

#[derive(Debug, Default)]
struct Queue {
    turn: Mutex<Turn>,
    ended: Condvar,
}

/// What all who share one fsync are told.
type Outcome = Arc<OnceLock<Result<()>>>;

#[derive(Debug, Default)]
struct Turn {
    /// Of the fsync that has not begun; who comes now shares it.
    next: Outcome,
    running: bool,
}

impl DirectorySync {
    /// Returns when the directory's names, as they were at the call, are on the disk. Blocks.
    pub(super) fn sync(&self, directory: impl AsFd) -> Result<()> {
        self.sync_with(&directory, |directory| rustix::fs::fsync(directory))
    }

    fn sync_with<D: AsFd>(&self, directory: &D, fsync: impl Fn(&D) -> Result<()>) -> Result<()> {
        let stat = rustix::fs::fstat(directory)?;
        let id = (stat.st_dev, stat.st_ino);
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(id).or_default())
        };
        let outcome = queue.wait(|| fsync(directory));
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // Given back under the lock: else two who end together would each see the other's.
        drop(queue);
        if queues
            .get(&id)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(&id);
        }
        outcome
    }
}

impl Queue {
    fn wait(&self, fsync: impl Fn() -> Result<()>) -> Result<()> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = Arc::clone(&turn.next);
        loop {
            if let Some(outcome) = mine.get() {
                return *outcome;
            }
            if turn.running {
                turn = self
                    .ended
                    .wait(turn)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // It has not begun, so it is the next one.
            turn.running = true;
            turn.next = Outcome::default();
            drop(turn);
            let outcome = fsync();
            turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            turn.running = false;
            // Only who runs it sets it.
            mine.set(outcome).unwrap_or_default();
            self.ended.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn those_who_wait_share_one_sync() {
        let queue = Arc::new(Queue::default());
        let syncs = Arc::new(AtomicUsize::new(0));
        let (started, has_started) = mpsc::channel();
        let (finish, may_finish) = mpsc::channel::<()>();
        let first = thread::spawn({
            let (queue, syncs) = (Arc::clone(&queue), Arc::clone(&syncs));
            move || {
                queue.wait(|| {
                    syncs.fetch_add(1, Ordering::SeqCst);
                    started.send(()).unwrap();
                    may_finish.recv().unwrap();
                    Ok(())
                })
            }
        });
        has_started.recv().unwrap();
        let others: Vec<_> = (0..8)
            .map(|_| {
                let (queue, syncs) = (Arc::clone(&queue), Arc::clone(&syncs));
                thread::spawn(move || {
                    queue.wait(|| {
                        syncs.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                })
            })
            .collect();
        // The turn itself has it too.
        while Arc::strong_count(&queue.turn.lock().unwrap().next) < 9 {
            thread::yield_now();
        }
        finish.send(()).unwrap();
        first.join().unwrap().unwrap();
        for other in others {
            other.join().unwrap().unwrap();
        }
        assert_eq!(syncs.load(Ordering::SeqCst), 2, "eight shared the second");
    }

    #[test]
    fn a_failure_is_told_to_those_it_concerns() {
        let queue = Queue::default();
        assert_eq!(queue.wait(|| Err(Errno::IO)), Err(Errno::IO));
        assert_eq!(queue.wait(|| Ok(())), Ok(()));
    }

    /// Those of the first sync wake up after the second one has ended.
    #[test]
    fn a_failure_is_told_however_the_next_sync_ends() {
        let queue = Arc::new(Queue::default());
        let (started, has_started) = mpsc::channel();
        let (finish, may_finish) = mpsc::channel::<()>();
        let late = Arc::clone(&queue.turn.lock().unwrap().next);
        let first = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                queue.wait(|| {
                    started.send(()).unwrap();
                    may_finish.recv().unwrap();
                    Err(Errno::IO)
                })
            }
        });
        has_started.recv().unwrap();
        finish.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Err(Errno::IO));
        assert_eq!(queue.wait(|| Err(Errno::NOSPC)), Err(Errno::NOSPC));
        assert_eq!(queue.wait(|| Ok(())), Ok(()));
        assert_eq!(late.get(), Some(&Err(Errno::IO)));
    }

    #[test]
    fn a_real_directory_is_synced_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let syncs = DirectorySync::default();
        syncs
            .sync(std::fs::File::open(dir.path()).unwrap())
            .unwrap();
        assert!(syncs.queues.lock().unwrap().is_empty());
    }
}

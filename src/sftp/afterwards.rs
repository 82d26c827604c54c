//! What is done when its answer has gone out: small files' hashes, the audit log, the word to
//! intake. The client works on the answer meanwhile, so none of it costs anybody time.
//!
//! Nothing of a promise belongs here: what is left undone by a crash is lost, as a line of the log
//! or a hash may be and a file may not.
//!
//! Done when the connection has nothing to read, in order; before the next requests at the latest,
//! and at the connection's end. A commit on another thread does it there.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something that can wait until the answer has gone out.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// One connection's.
#[derive(Default)]
pub(super) struct Afterwards {
    tasks: Mutex<Vec<Task>>,
    /// Held while tasks are done: two threads that catch up must not tell things out of order.
    turn: Mutex<()>,
}

impl fmt::Debug for Afterwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Afterwards").finish_non_exhaustive()
    }
}

impl Afterwards {
    fn tasks(&self) -> MutexGuard<'_, Vec<Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts something off.
    pub(super) fn put_off(&self, task: impl FnOnce() + Send + 'static) {
        self.tasks().push(Box::new(task));
    }

    /// Does what was put off.
    pub(super) fn catch_up(&self) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // A task may put off more.
        let tasks = std::mem::take(&mut *self.tasks());
        for task in tasks {
            if catch_unwind(AssertUnwindSafe(task)).is_err() {
                tracing::error!(
                    "what follows an answer panicked; a line of the audit log or a hash is missing"
                );
            }
        }
    }
}

impl Drop for Afterwards {
    fn drop(&mut self) {
        self.catch_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};

    #[test]
    fn what_was_put_off_is_done_once_in_order_and_at_the_end_at_the_latest() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let afterwards = Afterwards::default();
        let put_off = |number: u32| {
            let done = Arc::clone(&done);
            afterwards.put_off(move || done.lock().unwrap().push(number));
        };
        put_off(1);
        afterwards.put_off(|| panic!("one that fails keeps nobody from the next"));
        put_off(2);
        assert!(done.lock().unwrap().is_empty());
        afterwards.catch_up();
        afterwards.catch_up();
        assert_eq!(*done.lock().unwrap(), [1, 2]);
        put_off(3);
        drop(afterwards);
        assert_eq!(*done.lock().unwrap(), [1, 2, 3]);
    }

    #[test]
    fn two_who_catch_up_keep_the_order() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let afterwards = Arc::new(Afterwards::default());
        let (begin, has_begun) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let first = Arc::clone(&done);
        afterwards.put_off(move || {
            begin.send(()).unwrap();
            may_go.recv().unwrap();
            first.lock().unwrap().push(1);
        });
        let other = Arc::clone(&afterwards);
        let one = std::thread::spawn(move || other.catch_up());
        has_begun.recv().unwrap();
        let second = Arc::clone(&done);
        afterwards.put_off(move || second.lock().unwrap().push(2));
        let (end, has_ended) = mpsc::channel();
        let other = Arc::clone(&afterwards);
        let two = std::thread::spawn(move || {
            other.catch_up();
            end.send(()).unwrap();
        });
        // Who does not wait for the first has ended by now, or ends out of order.
        has_ended
            .recv_timeout(std::time::Duration::from_millis(200))
            .unwrap_err();
        go.send(()).unwrap();
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!(*done.lock().unwrap(), [1, 2]);
    }
}

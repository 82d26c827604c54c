//! A line between client and daemon that breaks when told.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How the line breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// Both ways end.
    Cut,
    /// The daemon hears that the client sends nothing more; its own words still arrive.
    HalfClose,
    /// Nothing passes any more, and nobody is told.
    Silence,
}

/// A line that breaks after some bytes of the client's. One connection.
pub(super) struct Line {
    pub(super) port: u16,
    ended: Arc<AtomicBool>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl Line {
    pub(super) fn to(port: u16, after_bytes: usize, how: Break) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let line = Self {
            port: listener.local_addr().unwrap().port(),
            ended: Arc::clone(&ended),
        };
        std::thread::spawn(move || {
            let Ok((client, _)) = listener.accept() else {
                return;
            };
            let Ok(daemon) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
                return;
            };
            let (up, down) = ((client.try_clone(), daemon.try_clone()), (daemon, client));
            let silent = Arc::new(AtomicBool::new(false));
            let falls_silent = Arc::clone(&silent);
            let upwards = std::thread::spawn(move || {
                let (Ok(from), Ok(to)) = up else { return };
                carry(&from, &to, after_bytes);
                match how {
                    Break::Cut => {
                        from.shutdown(Shutdown::Both).unwrap_or_default();
                        to.shutdown(Shutdown::Both).unwrap_or_default();
                    }
                    Break::HalfClose => to.shutdown(Shutdown::Write).unwrap_or_default(),
                    Break::Silence => {
                        falls_silent.store(true, Ordering::Relaxed);
                        // The streams stay open until the test is done with the line.
                        while !ended.load(Ordering::Relaxed) {
                            std::thread::sleep(std::time::Duration::from_millis(20));
                        }
                        from.shutdown(Shutdown::Both).unwrap_or_default();
                        to.shutdown(Shutdown::Both).unwrap_or_default();
                    }
                }
            });
            let (mut from, mut to) = down;
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if silent.load(Ordering::Relaxed) || to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            upwards.join().unwrap();
        });
        line
    }
}

/// Passes on so many bytes, or until one side ends.
fn carry(mut from: &TcpStream, mut to: &TcpStream, mut left: usize) {
    let mut buffer = [0; 4096];
    while left > 0 {
        let most = left.min(buffer.len());
        let Ok(count @ 1..) = from.read(&mut buffer[..most]) else {
            return;
        };
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
        left -= count;
    }
}

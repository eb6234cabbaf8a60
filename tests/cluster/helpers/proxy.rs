//! A cable between a server and its database that can be unplugged in more than one way.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::free_address;

/// A TCP proxy.
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    to: SocketAddr,
    mode: AtomicU8,
    is_over: AtomicBool,
    cables: Mutex<Vec<Arc<Cable>>>,
}

/// What happens to the bytes of one connection.
struct Cable {
    ends: [TcpStream; 2],
    is_swallowing: AtomicBool,
}

/// Bytes pass in both directions.
const PASS: u8 = 0;
/// Connections are accepted and stay open; nothing that is sent ever arrives.
const SWALLOW: u8 = 1;

impl Proxy {
    /// Begins to pass bytes between whoever connects and `to`.
    pub fn start(to: SocketAddr) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).expect("the port is free");
        let shared = Arc::new(Shared {
            to,
            mode: AtomicU8::new(PASS),
            is_over: AtomicBool::new(false),
            cables: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.is_over.load(Ordering::Acquire) {
                    return;
                }
                serving.join(client);
            }
        });
        Self { address, shared }
    }

    /// Swallows every byte from now on, of old connections and of new ones; closes none.
    pub fn swallow(&self) {
        self.shared.mode.store(SWALLOW, Ordering::Release);
        for cable in self.cables() {
            cable.is_swallowing.store(true, Ordering::Release);
        }
    }

    /// Passes new connections again; those that were swallowed stay dead for ever.
    pub fn pass_new(&self) {
        self.shared.mode.store(PASS, Ordering::Release);
    }

    /// Cuts every connection; new ones work.
    pub fn cut(&self) {
        for cable in self.shared.cables.lock().expect("nobody panicked with the lock").drain(..) {
            cable.cut();
        }
    }

    fn cables(&self) -> Vec<Arc<Cable>> {
        self.shared.cables.lock().expect("nobody panicked with the lock").clone()
    }
}

impl Shared {
    /// Connects somebody with the other end.
    fn join(&self, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.to) else { return };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let mut cables = self.cables.lock().expect("nobody panicked with the lock");
        let is_swallowing = AtomicBool::new(self.mode.load(Ordering::Acquire) == SWALLOW);
        let cable = Arc::new(Cable { ends: [client, server], is_swallowing });
        for direction in [0, 1] {
            let cable = Arc::clone(&cable);
            thread::spawn(move || cable.carry(direction));
        }
        cables.push(cable);
    }
}

impl Cable {
    fn carry(&self, from: usize) {
        let (mut source, mut target) = (&self.ends[from], &self.ends[1 - from]);
        let mut bytes = [0; 16_384];
        loop {
            let read = source.read(&mut bytes);
            // Nobody learns of an end either: the other side of a dead cable hears nothing.
            let is_swallowing = self.is_swallowing.load(Ordering::Acquire);
            match read {
                Ok(0) | Err(_) if is_swallowing => return,
                Ok(0) | Err(_) => return self.cut(),
                Ok(_) if is_swallowing => {}
                Ok(count) => {
                    if target.write_all(&bytes[..count]).is_err() {
                        return self.cut();
                    }
                }
            }
        }
    }

    fn cut(&self) {
        for end in &self.ends {
            end.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        // Wakes the thread that waits for somebody to connect.
        TcpStream::connect(self.address).ok();
        self.cut();
    }
}

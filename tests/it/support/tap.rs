//! A proxy on loopback that writes down what a client says, and can cut the line.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// A proxy in front of a plaintext port. Runs on the current `LocalSet`.
pub(crate) struct Tap {
    /// Where to connect instead.
    pub(crate) port: u16,
    /// Bytes from the server so far.
    pub(crate) received: Rc<Cell<usize>>,
    said: Rc<RefCell<Vec<u8>>>,
    lines: Rc<RefCell<CancellationToken>>,
}

impl Tap {
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tap = Self {
            port: listener.local_addr().unwrap().port(),
            received: Rc::default(),
            said: Rc::default(),
            lines: Rc::default(),
        };
        let (said, received) = (Rc::clone(&tap.said), Rc::clone(&tap.received));
        let lines = Rc::clone(&tap.lines);
        tokio::task::spawn_local(async move {
            while let Ok((client, _address)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let (said, received) = (Rc::clone(&said), Rc::clone(&received));
                let cut = lines.borrow().clone();
                tokio::task::spawn_local(async move {
                    let _ = cut.run_until_cancelled(relay(client, server, &said, &received)).await;
                });
            }
        });
        tap
    }

    /// Ends all connections there are.
    pub(crate) fn cut(&self) {
        self.lines.replace(CancellationToken::new()).cancel();
    }

    /// The lines that clients said.
    pub(crate) fn said(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.said.borrow()).lines().map(str::to_owned).collect()
    }
}

async fn relay(
    client: TcpStream,
    server: TcpStream,
    said: &RefCell<Vec<u8>>,
    received: &Cell<usize>,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let upwards = async {
        let mut chunk = vec![0; 8192];
        loop {
            let length = from_client.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            said.borrow_mut().extend_from_slice(&chunk[..length]);
            to_server.write_all(&chunk[..length]).await?;
        }
    };
    let downwards = async {
        let mut chunk = vec![0; 8192];
        loop {
            let length = from_server.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            received.set(received.get() + length);
            to_client.write_all(&chunk[..length]).await?;
        }
    };
    tokio::select! {
        ended = upwards => ended,
        ended = downwards => ended,
    }
}

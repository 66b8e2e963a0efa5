//! What rouses the watchers: the end of a sleep and the return of the network, told on the system
//! bus by logind, `NetworkManager` and systemd-networkd.
//!
//! All of it is optional. Without the bus or a service nobody is told sooner, and the watchers find
//! out by the clock and by their timed looks. Only signals of the services themselves count: anyone
//! on the bus could send others like them, and have us knock at the server's door all day.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};
use zbus::Connection;
use zbus::message::Message;
use zbus::proxy::{CacheProperties, Proxy, SignalStream};

/// How long one exchange with the bus may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// After a bus that was there has gone, it is looked for again this often.
const BUS_RETRY: Duration = Duration::from_mins(5);

/// Least `NMState` that means a network (`NM_STATE_CONNECTED_LOCAL`): the mail server may be near.
const CONNECTED: u32 = 50;

/// A signal that may be a reason to look at once.
#[derive(Debug, Clone, Copy)]
struct Signal {
    service: &'static str,
    path: &'static str,
    interface: &'static str,
    member: &'static str,
    /// What it says: a reason, or nothing.
    read: fn(&Message) -> Option<&'static str>,
}

/// The signals that are listened for.
const SIGNALS: [Signal; 3] = [
    Signal {
        service: "org.freedesktop.login1",
        path: "/org/freedesktop/login1",
        interface: "org.freedesktop.login1.Manager",
        member: "PrepareForSleep",
        read: woke_up,
    },
    Signal {
        service: "org.freedesktop.NetworkManager",
        path: "/org/freedesktop/NetworkManager",
        interface: "org.freedesktop.NetworkManager",
        member: "StateChanged",
        read: connected,
    },
    Signal {
        service: "org.freedesktop.network1",
        path: "/org/freedesktop/network1",
        interface: "org.freedesktop.DBus.Properties",
        member: "PropertiesChanged",
        read: routable,
    },
];

/// Calls `rouse` each time the machine woke from sleep or the network came back, for ever. Returns
/// only where there is no system bus.
pub(crate) async fn listen(rouse: impl Fn()) {
    let mut bus = match system_bus().await {
        Ok(bus) => bus,
        Err(words) => {
            tracing::debug!(
                "No system bus, so the end of a sleep is found out by the clock: {words}"
            );
            return;
        }
    };
    loop {
        listen_on(&bus, &rouse).await;
        tracing::debug!("The system bus is gone");
        bus = loop {
            sleep(BUS_RETRY).await;
            if let Ok(bus) = system_bus().await {
                break bus;
            }
        };
    }
}

async fn system_bus() -> Result<Connection, String> {
    let connecting = async {
        let builder = zbus::connection::Builder::system();
        builder.method_timeout(PATIENCE).build().await
    };
    match timeout(PATIENCE, connecting).await {
        Ok(bus) => bus.map_err(|error| error.to_string()),
        Err(elapsed) => Err(elapsed.to_string()),
    }
}

/// Listens until the bus is gone.
async fn listen_on(bus: &Connection, rouse: &impl Fn()) {
    let mut told = futures_util::stream::SelectAll::new();
    for signal in SIGNALS {
        match subscribe(bus, &signal).await {
            Ok(stream) => told.push(
                stream.filter_map(move |message| async move { (signal.read)(&message) }).boxed(),
            ),
            Err(error) => tracing::debug!(service = signal.service, "Not listened to: {error}"),
        }
    }
    tracing::debug!("Listening on the system bus");
    while let Some(reason) = told.next().await {
        tracing::info!("Looking for mail at once: {reason}");
        rouse();
    }
}

/// Asks the bus for the signal. zbus checks that what comes was sent by whoever owns the service's
/// name at that time; a service may come and go meanwhile.
async fn subscribe(bus: &Connection, signal: &Signal) -> zbus::Result<SignalStream<'static>> {
    let proxy: Proxy<'static> = zbus::proxy::Builder::new(bus)
        .destination(signal.service)
        .path(signal.path)
        .interface(signal.interface)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    proxy.receive_signal(signal.member).await
}

/// `PrepareForSleep(false)`: the sleep is over.
fn woke_up(message: &Message) -> Option<&'static str> {
    let going_to_sleep: bool = message.body().deserialize().ok()?;
    (!going_to_sleep).then_some("the machine woke up")
}

/// `StateChanged(state)` of `NetworkManager`.
fn connected(message: &Message) -> Option<&'static str> {
    let state: u32 = message.body().deserialize().ok()?;
    (state >= CONNECTED).then_some("the network is back")
}

/// `PropertiesChanged` of systemd-networkd: `OperationalState` becomes `routable`.
fn routable(message: &Message) -> Option<&'static str> {
    type Changed = (String, std::collections::HashMap<String, zbus::OwnedVariant>, Vec<String>);
    let body = message.body();
    let (interface, changed, _invalidated): Changed = body.deserialize().ok()?;
    let state: &str = changed.get("OperationalState")?.try_into().ok()?;
    (interface == "org.freedesktop.network1.Manager" && state == "routable")
        .then_some("the network is back")
}

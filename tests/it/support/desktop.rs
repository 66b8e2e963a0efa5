//! A desktop session of our own: an X server without a screen, a private session bus, and a real
//! notification server (dunst). Nothing of the user's session is touched.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use tempfile::TempDir;
use zbus::fdo::DBusProxy;

use super::home::until;

/// How long a part of the desktop may take to start, or a popup to be drawn, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// How wide the screen is, in pixels.
const WIDTH: usize = 1024;

const SERVER: &str = "org.freedesktop.Notifications";

/// No `<standard_session_servicedirs/>`: the bus would start whichever notification server it finds.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><keep_umask/><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"#;

const DUNSTRC: &str = "[global]\nfont = Noto Sans CJK JP 11\nwidth = 420\nheight = 300\n\
    offset = 20x20\nmarkup = full\n";

/// A private session bus; with [`Desktop`] a notification server on it. Both end with this value.
pub(crate) struct Bus {
    home: TempDir,
    address: String,
    _daemon: Killed,
}

/// A program that shows notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Dunst,
    Xfce,
    NotificationDaemon,
    Mate,
    Lxqt,
}

/// A program that shows notifications on Wayland.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShowsOnWayland {
    Mako,
    Swaync,
}

/// A private desktop session with a real notification server.
pub(crate) struct Desktop {
    bus: Bus,
    display: String,
    server: Option<Killed>,
    _x: Killed,
}

/// A child that ends when it goes out of scope.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bus {
    /// Starts a session bus that nobody else is on.
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("bus.conf");
        fs::write(&config, BUS).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--nofork").arg("--print-address=1").arg("--config-file").arg(&config);
        let (daemon, address) = started(&mut command, "dbus-daemon (Debian: dbus)");
        Self { home, address, _daemon: daemon }
    }

    /// What a program needs in its environment to be on this bus, and on no other.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        let home = self.home.path().to_str().unwrap().to_owned();
        vec![
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
            ("HOME", home.clone()),
            ("XDG_RUNTIME_DIR", home.clone()),
            ("XDG_CONFIG_HOME", format!("{home}/config")),
            ("XDG_CACHE_HOME", format!("{home}/cache")),
            ("XDG_DATA_HOME", format!("{home}/data")),
            ("LANG", "C.UTF-8".to_owned()),
        ]
    }

    /// Where programs reach this bus.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Starts a notification server on this bus, and waits until it is there.
    async fn started(&self, mut command: Command, what: &str) -> Killed {
        let bus = self.connect().await;
        let proxy = DBusProxy::new(&bus).await.unwrap();
        let changes = proxy.receive_name_owner_changed_with_args(&[(0, SERVER)]);
        let mut changes = changes.await.unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = spawned(&mut command, what);
        let there = async {
            while let Some(change) = changes.next().await {
                if change.args().is_ok_and(|args| args.new_owner().is_some()) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, there)
            .await
            .unwrap_or_else(|_| panic!("{what} did not come up"));
        server
    }

    /// What the notification server on this bus says it can do.
    pub(crate) async fn capabilities(&self) -> Vec<String> {
        let bus = self.connect().await;
        let path = "/org/freedesktop/Notifications";
        let answer = bus.call_method(Some(SERVER), path, Some(SERVER), "GetCapabilities", &());
        let mut all: Vec<String> = answer.await.unwrap().body().deserialize().unwrap();
        // Extensions of the server's own are none of ours.
        all.retain(|can| !can.starts_with("x-") && !can.ends_with("synchronous"));
        all.sort();
        all
    }

    /// A connection to this bus.
    pub(crate) async fn connect(&self) -> zbus::Connection {
        let address: zbus::Address = self.address.parse().unwrap();
        zbus::connection::Builder::address(address).build().await.unwrap()
    }
}

impl Desktop {
    /// Starts everything and waits until the notification server is there.
    pub(crate) async fn start() -> Self {
        let mut desktop = Self::without_server();
        desktop.start_server().await;
        desktop
    }

    /// A desktop on which nothing shows notifications yet.
    pub(crate) fn without_server() -> Self {
        let bus = Bus::start();
        let mut x = Command::new("Xvfb");
        x.args(["-displayfd", "1", "-screen", "0", &format!("{WIDTH}x600x24"), "-nolisten", "tcp"]);
        let (x, display) = started(&mut x, "Xvfb (Debian: xvfb)");
        let display = format!(":{display}");
        Self { bus, display, server: None, _x: x }
    }

    /// Starts dunst; ends the notification server before it.
    pub(crate) async fn start_server(&mut self) {
        self.start_server_as(Shows::Dunst).await;
    }

    /// Starts a notification server; ends the one before it.
    pub(crate) async fn start_server_as(&mut self, server: Shows) {
        self.server = None;
        let (mut command, what) = match server {
            Shows::Dunst => {
                let config = self.bus.home.path().join("dunstrc");
                fs::write(&config, DUNSTRC).unwrap();
                let mut dunst = Command::new("dunst");
                dunst.arg("-config").arg(&config);
                (dunst, "dunst (Debian: dunst)")
            }
            Shows::Xfce => {
                let mut notifyd = Command::new("/usr/bin/env");
                // Where Debian puts it depends on the architecture.
                notifyd.args(["sh", "-c", "exec /usr/lib/*/xfce4/notifyd/xfce4-notifyd"]);
                notifyd.env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1");
                (notifyd, "xfce4-notifyd (Debian: xfce4-notifyd)")
            }
            Shows::NotificationDaemon => {
                let path = "/usr/lib/notification-daemon/notification-daemon";
                (gtk(path), "notification-daemon (Debian: notification-daemon)")
            }
            Shows::Mate => {
                let path = "/usr/lib/mate-notification-daemon/mate-notification-daemon";
                (gtk(path), "mate-notification-daemon (Debian: mate-notification-daemon)")
            }
            Shows::Lxqt => {
                let mut notifyd = Command::new("lxqt-notificationd");
                notifyd.env("QT_QPA_PLATFORM", "xcb");
                (notifyd, "lxqt-notificationd (Debian: lxqt-notificationd)")
            }
        };
        command.envs(self.env());
        self.server = Some(self.bus.started(command, what).await);
    }

    /// Clicks into the middle of what was drawn since `before`.
    pub(crate) fn click_on_what_is_new(&self, before: &[u8]) {
        let (now, mut points) = (self.pixels(), Vec::new());
        for (number, (old, new)) in before.chunks(3).zip(now.chunks(3)).enumerate() {
            if old != new {
                points.push((number % WIDTH, number / WIDTH));
            }
        }
        let middle = |mut all: Vec<usize>| {
            all.sort_unstable();
            u32::try_from(all[0].midpoint(all[all.len() - 1])).unwrap()
        };
        if !points.is_empty() {
            let x = middle(points.iter().map(|(x, _)| *x).collect());
            let y = middle(points.iter().map(|(_, y)| *y).collect());
            self.click(x, y);
        }
    }

    /// `kill -9` for the notification server.
    pub(crate) fn kill_server(&mut self) {
        self.server = None;
    }
    /// Clicks somewhere on the screen.
    pub(crate) fn click(&self, x: u32, y: u32) {
        let mut click = Command::new("xdotool");
        click.args(["mousemove", &x.to_string(), &y.to_string(), "click", "1"]).envs(self.env());
        output(&mut click, "xdotool (Debian: xdotool)");
    }

    /// The session bus of this desktop.
    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// What a program needs in its environment to be on this desktop.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = self.bus.env();
        env.push(("DISPLAY", self.display.clone()));
        env
    }

    /// What the screen shows, pixel by pixel.
    pub(crate) fn pixels(&self) -> Vec<u8> {
        let mut import = Command::new("import");
        import.args(["-window", "root", "-depth", "8", "rgb:-"]).envs(self.env());
        output(&mut import, "import (Debian: imagemagick)")
    }

    /// Waits until the screen shows something else than `before`.
    pub(crate) async fn drawn_since(&self, before: &[u8]) {
        let drawn = async {
            while self.pixels() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, drawn).await.expect("nothing was drawn");
    }

    /// Saves what the screen shows as a picture.
    pub(crate) fn screenshot(&self, path: &Path) {
        let mut import = Command::new("import");
        import.args(["-window", "root"]).arg(path).envs(self.env());
        output(&mut import, "import (Debian: imagemagick)");
    }

    /// What dunst's own control program answers.
    pub(crate) fn dunstctl(&self, args: &[&str]) -> String {
        let mut dunstctl = Command::new("dunstctl");
        dunstctl.args(args).envs(self.env());
        String::from_utf8(output(&mut dunstctl, "dunstctl (Debian: dunst)")).unwrap()
    }

    /// Closes all notifications and says what they were, the newest first, as dunst tells it.
    pub(crate) fn close_and_tell(&self) -> Vec<serde_json::Value> {
        self.dunstctl(&["close-all"]);
        let history: serde_json::Value =
            serde_json::from_str(&self.dunstctl(&["history"])).unwrap();
        history["data"][0].as_array().unwrap().clone()
    }
}

/// A server that draws with GTK.
fn gtk(path: &str) -> Command {
    let mut command = Command::new(path);
    command.env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1");
    command
}

/// A private Wayland session without a screen, with a real notification server.
pub(crate) struct Wayland {
    bus: Bus,
    display: String,
    server: Option<Killed>,
    _sway: Killed,
}

/// Nobody: sway and what runs on it refuse to be root, as which the tests may run.
const NOBODY: u32 = 65_534;

impl Wayland {
    /// Starts sway, and waits until programs can draw on it.
    pub(crate) fn start() -> Self {
        let bus = Bus::start();
        let home = bus.home.path();
        let config = home.join("sway.conf");
        let ready = home.join("ready");
        let text = format!(
            "output HEADLESS-1 mode 1024x600 bg #335577 solid_color\nxwayland disable\n\
             exec sh -c 'echo $WAYLAND_DISPLAY > {0}.new && mv {0}.new {0}'\n",
            ready.display()
        );
        fs::write(&config, text).unwrap();
        for folder in ["config", "cache", "data"] {
            fs::create_dir_all(home.join(folder)).unwrap();
        }
        fs::create_dir_all(home.join("config/mako")).unwrap();
        fs::write(home.join("config/mako/config"), "font=Noto Sans CJK JP 11\n").unwrap();
        let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        if is_root {
            let chown = Command::new("chown").arg("-R").arg(NOBODY.to_string()).arg(home).status();
            assert!(chown.unwrap().success());
        }
        let mut command = as_nobody("sway");
        command.arg("-c").arg(&config).envs(bus.env());
        command.env("WLR_BACKENDS", "headless").env("WLR_RENDERER", "pixman");
        command.env("WLR_LIBINPUT_NO_DEVICES", "1").env("XDG_SESSION_TYPE", "wayland");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let sway = spawned(&mut command, "sway (Debian: sway)");
        let display = until("sway is there", || fs::read_to_string(&ready).ok());
        Self { bus, display: display.trim().to_owned(), server: None, _sway: sway }
    }

    /// Starts a notification server; ends the one before it.
    pub(crate) async fn start_server(&mut self, server: ShowsOnWayland) {
        self.server = None;
        let (name, what) = match server {
            ShowsOnWayland::Mako => ("mako", "mako (Debian: mako-notifier)"),
            ShowsOnWayland::Swaync => ("swaync", "swaync (Debian: sway-notification-center)"),
        };
        let mut command = as_nobody(name);
        command.envs(self.env()).env("GSK_RENDERER", "cairo").env("NO_AT_BRIDGE", "1");
        self.server = Some(self.bus.started(command, what).await);
    }

    /// `kill -9` for the notification server.
    pub(crate) fn kill_server(&mut self) {
        self.server = None;
    }

    /// The session bus of this desktop.
    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = self.bus.env();
        env.push(("WAYLAND_DISPLAY", self.display.clone()));
        env
    }

    /// Runs a program of this session, and gives what it printed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = as_nobody(program);
        output(command.args(arguments).envs(self.env()), program)
    }

    /// What the screen shows, pixel by pixel.
    pub(crate) fn pixels(&self) -> Vec<u8> {
        self.run("grim", &["-t", "ppm", "-"])
    }

    /// Saves what the screen shows as a picture.
    pub(crate) fn screenshot(&self, path: &Path) {
        fs::write(path, self.run("grim", &["-t", "png", "-"])).unwrap();
    }

    /// Waits until the screen shows something else than `before`.
    pub(crate) fn drawn_since(&self, before: &[u8]) {
        until("something is drawn", || (self.pixels() != before).then_some(()));
    }
}

/// A program of the user's, by a user who is not root.
fn as_nobody(program: &str) -> Command {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let id = NOBODY.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", program]);
    command
}

fn spawned(command: &mut Command, what: &str) -> Killed {
    Killed(command.spawn().unwrap_or_else(|error| panic!("this test needs {what}: {error}")))
}

/// Starts a program and reads the line by which it says that it is ready.
fn started(command: &mut Command, what: &str) -> (Killed, String) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = spawned(command, what);
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "{what} did not start");
    (child, line.trim().to_owned())
}

fn output(command: &mut Command, what: &str) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("this test needs {what}: {error}"));
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

//! The notification servers of the desktops, for real: what each says it can do is what
//! `docs/notifications.md` records, an attack is shown as text, and a server that is killed while a
//! notification is up is found again. The pictures in `target/tmp` are for people to look at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use goen::notify::link::{Event, Link};
use goen::notify::{Notice, Urgency};
use tokio::time::timeout;

use crate::support::desktop::{Bus, Desktop, Shows, ShowsOnWayland, Wayland};

const RECORD: &str = include_str!("../../docs/notifications.md");

const ATTACK: &str = "田中 <tanaka@example.jp> <b>unclosed & <a href=\"https://example.org\">x</a> \
                      <img src=\"/etc/passwd\"> &amp;\u{202E}\u{7}";

fn link(bus: &Bus) -> Link {
    Link::to(bus.address().parse().unwrap())
}

fn notice(key: i64, body: &str) -> Notice {
    Notice {
        summary: "<b>株式会社サンプル</b>から、見送りのご連絡です".to_owned(),
        body: format!("{body}\nくわしく：goen show {key}"),
        urgency: Urgency::Normal,
        key,
    }
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"))
}

/// What the record says a server can do.
fn recorded(name: &str) -> Vec<&'static str> {
    let row = RECORD.lines().find(|line| line.starts_with(&format!("| {name} ")));
    let row = row.unwrap_or_else(|| panic!("{name} is not in docs/notifications.md"));
    row.split('|').nth(2).unwrap().split(',').map(str::trim).collect()
}

async fn event(link: &mut Link) -> Event {
    timeout(Duration::from_secs(30), link.event()).await.expect("nothing happened")
}

async fn is_as_recorded_on_x(server: Shows, name: &str) {
    let mut desktop = Desktop::without_server();
    desktop.start_server_as(server).await;
    assert_eq!(desktop.bus().capabilities().await, recorded(name));
    let mut link = link(desktop.bus());
    let empty = desktop.pixels();
    link.show(&notice(3, ATTACK), Some("メールを開く")).await.unwrap();
    desktop.drawn_since(&empty).await;
    desktop.screenshot(&picture(name));
    // dunst is driven by `dunstctl`, xfce4-notifyd draws a button: both in `telling`.
    if !matches!(server, Shows::Dunst | Shows::Xfce) {
        let clicked = async {
            loop {
                desktop.click_on_what_is_new(&empty);
                if let Ok(event) = timeout(Duration::from_millis(400), link.event()).await {
                    return event;
                }
            }
        };
        let clicked = timeout(Duration::from_secs(30), clicked).await.expect("no click was heard");
        assert_eq!(clicked, Event::Clicked { key: 3, token: None });
        link.close(3).await;
        link.show(&notice(3, ATTACK), Some("メールを開く")).await.unwrap();
    }
    assert_eq!(link.up(), [3]);
    desktop.kill_server();
    desktop.start_server_as(server).await;
    assert_eq!(event(&mut link).await, Event::ServerCame);
    assert_eq!(link.up(), [0_i64; 0]);
    assert!(!link.show(&notice(3, "again"), None).await.unwrap().replaced);
}

#[tokio::test]
async fn dunst_is_as_recorded_and_found_again_after_a_kill() {
    is_as_recorded_on_x(Shows::Dunst, "dunst").await;
}

#[tokio::test]
async fn xfce4_notifyd_is_as_recorded_and_found_again_after_a_kill() {
    is_as_recorded_on_x(Shows::Xfce, "xfce4-notifyd").await;
}

#[tokio::test]
async fn notification_daemon_is_as_recorded_clicked_and_found_again_after_a_kill() {
    is_as_recorded_on_x(Shows::NotificationDaemon, "notification-daemon").await;
}

#[tokio::test]
async fn mate_is_as_recorded_clicked_and_found_again_after_a_kill() {
    is_as_recorded_on_x(Shows::Mate, "MATE").await;
}

#[tokio::test]
async fn lxqt_is_as_recorded_clicked_and_found_again_after_a_kill() {
    is_as_recorded_on_x(Shows::Lxqt, "LXQt").await;
}

async fn is_as_recorded_on_wayland(server: ShowsOnWayland, name: &str) -> (Wayland, Link) {
    let mut wayland = Wayland::start();
    wayland.start_server(server).await;
    assert_eq!(wayland.bus().capabilities().await, recorded(name));
    let mut link = link(wayland.bus());
    let empty = wayland.pixels();
    link.show(&notice(3, ATTACK), Some("メールを開く")).await.unwrap();
    wayland.drawn_since(&empty);
    wayland.screenshot(&picture(name));
    wayland.kill_server();
    wayland.start_server(server).await;
    assert_eq!(event(&mut link).await, Event::ServerCame);
    assert_eq!(link.up(), [0_i64; 0]);
    assert!(!link.show(&notice(3, "again"), Some("メールを開く")).await.unwrap().replaced);
    (wayland, link)
}

#[tokio::test(flavor = "multi_thread")]
async fn mako_is_as_recorded_clicked_and_found_again_after_a_kill() {
    let (wayland, mut link) = is_as_recorded_on_wayland(ShowsOnWayland::Mako, "mako").await;
    wayland.run("makoctl", &["invoke"]);
    assert!(matches!(event(&mut link).await, Event::Clicked { key: 3, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn swaync_is_as_recorded_and_found_again_after_a_kill() {
    is_as_recorded_on_wayland(ShowsOnWayland::Swaync, "swaync").await;
}

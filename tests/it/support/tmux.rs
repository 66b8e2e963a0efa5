//! A program in a terminal of 80 columns: tmux shows it, and types.

use std::path::PathBuf;
use std::process::Command;

use super::home::until;

/// A tmux server of the test's own, ended with it.
pub(crate) struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Starts `command` by a shell, which stays.
    pub(crate) fn start(command: &Command, folder: &std::path::Path) -> Self {
        let socket = folder.join("tmux");
        let terminal = Self { socket };
        let quoted =
            |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"));
        let variables = command
            .get_envs()
            .map(|(name, value)| format!("{}={}", name.to_str().unwrap(), quoted(value.unwrap())));
        let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
        let words: Vec<String> = variables.chain(words).collect();
        // What the program leaves behind: its exit status, and the terminal as it was.
        let stty = folder.join("stty");
        let line = format!(
            "env -i TERM=screen {}; echo \"[exit $?]\"; stty -a > {}; exec cat",
            words.join(" "),
            stty.display()
        );
        let size = ["-x", "80", "-y", "50"];
        let mut arguments = vec!["new-session", "-d"];
        arguments.extend(size);
        arguments.push(&line);
        assert!(terminal.tmux(&arguments).0, "these tests need tmux (apt install tmux)");
        terminal
    }

    /// Types a line.
    fn types(&self, text: &str) {
        if !text.is_empty() {
            assert!(self.tmux(&["send-keys", "-l", "--", text]).0);
        }
        self.presses("Enter");
    }

    /// Presses a key by its name in tmux.
    pub(crate) fn presses(&self, key: &str) {
        assert!(self.tmux(&["send-keys", key]).0);
    }

    /// All that was on the screen so far.
    pub(crate) fn screen(&self) -> String {
        let screen = self.tmux(&["capture-pane", "-p", "-J", "-S", "-"]).1;
        let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// Waits until the last line on the screen is a question with these words, not answered yet.
    pub(crate) fn asks(&self, words: &str) {
        let seen = std::cell::RefCell::new(String::new());
        let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(words, || {
                let screen = self.screen();
                let last = screen.lines().last().unwrap_or_default().to_owned();
                *seen.borrow_mut() = screen;
                (last.contains(words) && last.ends_with([':', ']', '>'])).then_some(())
            });
        }));
        assert!(asked.is_ok(), "waited for {words:?}, but:\n{}", seen.borrow());
    }

    /// Answers a question, and waits until the program has something to say to that.
    pub(crate) fn answers(&self, question: &str, answer: &str) {
        self.asks(question);
        let before = self.screen().lines().count();
        self.types(answer);
        until(&format!("there is an answer to {answer:?}"), || {
            (self.screen().lines().count() > before).then_some(())
        });
    }

    fn tmux(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("tmux")
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(&self.socket)
            .args(arguments)
            .env("LANG", "C.UTF-8")
            .env_remove("TMUX")
            .output()
            .expect("these tests need tmux (apt install tmux)");
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

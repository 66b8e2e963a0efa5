//! Whom the user has dealt with before a mail came.

use rusqlite::params;

use super::{Store, StoreError};
use crate::reply::advice::Acquaintances;

impl Store {
    /// Whom the user had heard from or written to when the mail came. Mails that came with it or after
    /// it do not vouch for it.
    pub fn acquaintances(&self, mail_id: i64) -> Result<Acquaintances, StoreError> {
        self.read(|sql| {
            let mut heard = sql.prepare(
                "SELECT DISTINCT author.value ->> 'addr_spec'
                 FROM mail AS this
                 JOIN mail AS earlier ON earlier.received_at < this.received_at
                 JOIN json_each(earlier.mail, '$.from') AS author
                 WHERE this.id = ?1",
            )?;
            let heard_from = heard.query_map(params![mail_id], |row| row.get(0))?;
            let mut written = sql.prepare(
                "SELECT DISTINCT outbox.forward_path
                 FROM outbox JOIN draft ON draft.id = outbox.draft_id
                 WHERE outbox.state = 'sent' AND draft.mail_id <> ?1",
            )?;
            let written_to = written.query_map(params![mail_id], |row| row.get(0))?;
            Ok(Acquaintances {
                heard_from: heard_from.collect::<Result<_, _>>()?,
                written_to: written_to.collect::<Result<_, _>>()?,
            })
        })
    }
}

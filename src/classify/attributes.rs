//! What else a mail says: stage, company, position, wording, door, channel, and whether to reply.

use crate::mail::Mail;

/// The sender's address says that nobody reads replies.
pub(crate) fn sender_refuses_replies(mail: &Mail) -> bool {
    let target = mail.reply_to.first().or_else(|| mail.author());
    target.is_some_and(|address| {
        let local = address.addr_spec.split('@').next().unwrap_or("").to_ascii_lowercase();
        let plain: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
        ["noreply", "donotreply", "norep", "dontreply", "mailerdaemon"]
            .iter()
            .any(|name| plain.contains(name))
    })
}

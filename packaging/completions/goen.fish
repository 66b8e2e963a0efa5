# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_goen_global_optspecs
    string join \n config= lang= h/help V/version
end

function __fish_goen_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_goen_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_goen_using_subcommand
    set -l cmd (__fish_goen_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c goen -n "__fish_goen_needs_command" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_needs_command" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_needs_command" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_needs_command" -s V -l version -d 'Print version'
complete -c goen -n "__fish_goen_needs_command" -f -a "demo" -d 'Show the whole program at work on this machine; needs no account and no network'
complete -c goen -n "__fish_goen_needs_command" -f -a "setup" -d 'Set up an account: servers, password, settings'
complete -c goen -n "__fish_goen_needs_command" -f -a "run" -d 'Watch the inboxes (what the systemd unit starts)'
complete -c goen -n "__fish_goen_needs_command" -f -a "status" -d 'How the accounts, the notifications and the replies are doing'
complete -c goen -n "__fish_goen_needs_command" -f -a "doctor" -d 'Check step by step what goen depends on, and what to do about it'
complete -c goen -n "__fish_goen_needs_command" -f -a "list" -d 'Applications and how they stand, newest first'
complete -c goen -n "__fish_goen_needs_command" -f -a "show" -d 'One email: what it says and in which words, what helps now, and its application so far'
complete -c goen -n "__fish_goen_needs_command" -f -a "app" -d 'Correct which emails belong to an application, name it, close it'
complete -c goen -n "__fish_goen_needs_command" -f -a "memo" -d 'Write a note to yourself: what to do next time (kept on this machine only)'
complete -c goen -n "__fish_goen_needs_command" -f -a "correct" -d 'Correct what goen read: it changes at once, and similar emails are read accordingly'
complete -c goen -n "__fish_goen_needs_command" -f -a "events" -d 'What has happened, one JSON object per line, for scripts'
complete -c goen -n "__fish_goen_needs_command" -f -a "review" -d 'Read, edit, approve or discard replies in the terminal'
complete -c goen -n "__fish_goen_needs_command" -f -a "approve" -d 'Approve the reply that was shown, by its digest'
complete -c goen -n "__fish_goen_needs_command" -f -a "undo" -d 'Undo an approval while the reply is still waiting'
complete -c goen -n "__fish_goen_needs_command" -f -a "postpone" -d 'Postpone an approved reply by a day'
complete -c goen -n "__fish_goen_needs_command" -f -a "discard" -d 'Discard a draft'
complete -c goen -n "__fish_goen_needs_command" -f -a "settle" -d 'Look in Sent for a reply that may not have arrived, or say what became of it'
complete -c goen -n "__fish_goen_needs_command" -f -a "retry" -d 'Try stopped or waiting accounts again now'
complete -c goen -n "__fish_goen_needs_command" -f -a "quiet" -d 'Hold notifications back for a while: 3h, until 18:00, off'
complete -c goen -n "__fish_goen_needs_command" -f -a "notify-test" -d 'Show a notification, and say what the desktop can do with it'
complete -c goen -n "__fish_goen_needs_command" -f -a "export" -d 'Export your data: all of it as JSON, or a table, or a page'
complete -c goen -n "__fish_goen_needs_command" -f -a "import" -d 'Import what `goen export` or `goen backup` wrote'
complete -c goen -n "__fish_goen_needs_command" -f -a "forget" -d 'Forget emails, with their drafts and notes'
complete -c goen -n "__fish_goen_needs_command" -f -a "backup" -d 'Copy the store to a file'
complete -c goen -n "__fish_goen_needs_command" -f -a "classify" -d 'Classify emails in files: .eml, mbox, Maildir, folders, or - for standard input'
complete -c goen -n "__fish_goen_needs_command" -f -a "config" -d 'The settings file'
complete -c goen -n "__fish_goen_needs_command" -f -a "service" -d 'The systemd user service that watches while you are logged in'
complete -c goen -n "__fish_goen_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c goen -n "__fish_goen_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand demo" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand demo" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand demo" -l yes -d 'Approve the reply without asking'
complete -c goen -n "__fish_goen_using_subcommand demo" -l keep -d 'Keep the servers running at the end, so that you can try other commands'
complete -c goen -n "__fish_goen_using_subcommand demo" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand setup" -l name -d 'A short name for the account' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l user -d 'The login name, where it is not the address' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l provider -d 'The email provider, if the address does not show it (gmail, microsoft365, …)' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l imap -d 'The server to watch' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l smtp -d 'The server that replies are submitted to' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l ca-file -d 'Certificates to trust instead of the system\'s (PEM)' -r -F
complete -c goen -n "__fish_goen_using_subcommand setup" -l mailbox -d 'A mailbox to watch, instead of INBOX (may be repeated)' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l thunderbird -d 'Take the servers that Thunderbird has for this address' -r -f -a "yes\t''
no\t''"
complete -c goen -n "__fish_goen_using_subcommand setup" -l gnome -d 'Take the account from GNOME Online Accounts, password or token included' -r -f -a "yes\t''
no\t''"
complete -c goen -n "__fish_goen_using_subcommand setup" -l look-up -d 'Look up unknown servers on the network (tells your domain to other hosts)' -r -f -a "yes\t''
no\t''"
complete -c goen -n "__fish_goen_using_subcommand setup" -l password-command -d 'A command that prints the password' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l token-command -d 'A command that prints an OAuth token' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l password-file -d 'A file with the password, readable by you alone' -r -F
complete -c goen -n "__fish_goen_using_subcommand setup" -l my-name -d 'Your name, for drafts of replies' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l my-name-en -d 'Your name in English emails' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l signature -d 'The lines below your name, separated by \\n' -r
complete -c goen -n "__fish_goen_using_subcommand setup" -l service -d 'Install the service and start it (without questions: only if this says so)' -r -f -a "yes\t''
no\t''"
complete -c goen -n "__fish_goen_using_subcommand setup" -l notification -d 'Show a notification at the end' -r -f -a "yes\t''
no\t''"
complete -c goen -n "__fish_goen_using_subcommand setup" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand setup" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand setup" -l no-smtp -d 'Set up no server for replies'
complete -c goen -n "__fish_goen_using_subcommand setup" -l password-stdin -d 'Read the password from standard input, and put it into the keyring'
complete -c goen -n "__fish_goen_using_subcommand setup" -l yes -d 'Ask nothing: take the defaults for what no flag says'
complete -c goen -n "__fish_goen_using_subcommand setup" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand run" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand run" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand run" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand status" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand status" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand status" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand status" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand doctor" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand doctor" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand doctor" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand list" -l outcome -d 'Only this outcome; may be given several times' -r
complete -c goen -n "__fish_goen_using_subcommand list" -l limit -d 'How many to print at most' -r
complete -c goen -n "__fish_goen_using_subcommand list" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand list" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand list" -l all -d 'Also closed applications; with --mails, also emails that are not results'
complete -c goen -n "__fish_goen_using_subcommand list" -l mails -d 'Single emails instead of applications'
complete -c goen -n "__fish_goen_using_subcommand list" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand list" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand show" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand show" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand show" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand show" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -f -a "merge" -d 'Merge the applications of two emails into one'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -f -a "split" -d 'Split an email off as an application of its own'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -f -a "rename" -d 'Name an application; an empty name goes back to the one in the emails'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -f -a "close" -d 'Close an application: off the list, no reminders; a new email reopens it'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -f -a "reopen" -d 'Reopen an application'
complete -c goen -n "__fish_goen_using_subcommand app; and not __fish_seen_subcommand_from merge split rename close reopen help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from merge" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from merge" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from split" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from split" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from split" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from rename" -l company -d 'The company' -r
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from rename" -l position -d 'The position' -r
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from rename" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from rename" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from close" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from close" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from reopen" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from reopen" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from reopen" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Merge the applications of two emails into one'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from help" -f -a "split" -d 'Split an email off as an application of its own'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from help" -f -a "rename" -d 'Name an application; an empty name goes back to the one in the emails'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from help" -f -a "close" -d 'Close an application: off the list, no reminders; a new email reopens it'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from help" -f -a "reopen" -d 'Reopen an application'
complete -c goen -n "__fish_goen_using_subcommand app; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand memo" -l search -d 'Print the notes that contain these words' -r
complete -c goen -n "__fish_goen_using_subcommand memo" -l from -d 'Take the note from a file, or - for standard input, instead of the editor' -r -F
complete -c goen -n "__fish_goen_using_subcommand memo" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand memo" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand memo" -l all -d 'Print all notes as Markdown'
complete -c goen -n "__fish_goen_using_subcommand memo" -l print -d 'Print the note and change nothing'
complete -c goen -n "__fish_goen_using_subcommand memo" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand memo" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand correct" -l company -d 'The employer, where goen had another one or none' -r
complete -c goen -n "__fish_goen_using_subcommand correct" -l position -d 'The position, where goen had another one or none' -r
complete -c goen -n "__fish_goen_using_subcommand correct" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand correct" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand correct" -l undo -d 'Undo the correction, and what was learned from it'
complete -c goen -n "__fish_goen_using_subcommand correct" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand correct" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand events" -l since -d 'Only events after this number (`event_id` of the last one seen)' -r
complete -c goen -n "__fish_goen_using_subcommand events" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand events" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand events" -l follow -d 'Keep running and print new events; without --since, only those'
complete -c goen -n "__fish_goen_using_subcommand events" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand review" -l kind -d 'What the reply is for' -r
complete -c goen -n "__fish_goen_using_subcommand review" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand review" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand review" -l json -d 'Print the draft and its digest as JSON, and ask nothing'
complete -c goen -n "__fish_goen_using_subcommand review" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand approve" -l digest -d 'The digest that `goen review` or `goen show --json` showed' -r
complete -c goen -n "__fish_goen_using_subcommand approve" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand approve" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand approve" -l now -d 'Send without the waiting time for an undo'
complete -c goen -n "__fish_goen_using_subcommand approve" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand approve" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand undo" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand undo" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand undo" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand undo" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand postpone" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand postpone" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand postpone" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand postpone" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand discard" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand discard" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand discard" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand discard" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand settle" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand settle" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand settle" -l arrived -d 'It arrived'
complete -c goen -n "__fish_goen_using_subcommand settle" -l lost -d 'It did not arrive; to send it again you have to approve it again'
complete -c goen -n "__fish_goen_using_subcommand settle" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand settle" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand retry" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand retry" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand retry" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand quiet" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand quiet" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand quiet" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand notify-test" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand notify-test" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand notify-test" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand export" -l format -d 'What to write' -r -f -a "json\t'Everything, for `goen import`'
csv\t'A table of the emails, for spreadsheets'
md\t'A page to read'
ics\t'Deadlines and interviews, for a calendar'"
complete -c goen -n "__fish_goen_using_subcommand export" -s o -l output -d 'Write to this file, readable by you alone, instead of standard output' -r -F
complete -c goen -n "__fish_goen_using_subcommand export" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand export" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c goen -n "__fish_goen_using_subcommand import" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand import" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand import" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand forget" -l older-than -d 'Emails older than this: 90d, 6mo, 1y' -r
complete -c goen -n "__fish_goen_using_subcommand forget" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand forget" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand forget" -l everything -d 'Everything: emails, drafts, notes'
complete -c goen -n "__fish_goen_using_subcommand forget" -l yes -d 'Ask nothing'
complete -c goen -n "__fish_goen_using_subcommand forget" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand backup" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand backup" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand backup" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand classify" -l jobs -d 'How many emails to read at once [default: one for each processor core]' -r
complete -c goen -n "__fish_goen_using_subcommand classify" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand classify" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand classify" -l json -d 'Print one JSON object a line'
complete -c goen -n "__fish_goen_using_subcommand classify" -l why -d 'Show the words that decided'
complete -c goen -n "__fish_goen_using_subcommand classify" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -f -a "example" -d 'Print a commented settings file to start from'
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -f -a "check" -d 'Check the settings'
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -f -a "show" -d 'Print the settings in force: the file, the defaults, the environment'
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -f -a "path" -d 'Print where goen looks for settings and keeps its state'
complete -c goen -n "__fish_goen_using_subcommand config; and not __fish_seen_subcommand_from example check show path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from example" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from example" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from example" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from check" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from show" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from path" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "example" -d 'Print a commented settings file to start from'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Check the settings'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the settings in force: the file, the defaults, the environment'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where goen looks for settings and keeps its state'
complete -c goen -n "__fish_goen_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -f -a "install" -d 'Install, enable and start the service (restarts it if it runs)'
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -f -a "uninstall" -d 'Stop and remove the service; settings, records and passwords stay'
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -f -a "status" -d 'Whether the service runs, and what holds it in'
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -f -a "logs" -d 'What the service wrote to the journal'
complete -c goen -n "__fish_goen_using_subcommand service; and not __fish_seen_subcommand_from install uninstall status logs help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from install" -l session -d 'What starts it: graphical (the desktop), any (every login), or auto (goen finds out)' -r -f -a "auto\t''
graphical\t''
any\t''"
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from install" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from install" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from uninstall" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from status" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from status" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from status" -l json -d 'Print JSON'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from logs" -s n -l lines -d 'How many lines to begin with' -r
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from logs" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from logs" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Keep printing new lines'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "install" -d 'Install, enable and start the service (restarts it if it runs)'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Stop and remove the service; settings, records and passwords stay'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "status" -d 'Whether the service runs, and what holds it in'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "logs" -d 'What the service wrote to the journal'
complete -c goen -n "__fish_goen_using_subcommand service; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand completions" -l config -d 'Settings file, instead of ~/.config/goen/config.toml' -r -F
complete -c goen -n "__fish_goen_using_subcommand completions" -l lang -d 'Language to use: ja or en, instead of the locale\'s' -r -f -a "ja\t''
en\t''"
complete -c goen -n "__fish_goen_using_subcommand completions" -s h -l help -d 'Print help'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "demo" -d 'Show the whole program at work on this machine; needs no account and no network'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "setup" -d 'Set up an account: servers, password, settings'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "run" -d 'Watch the inboxes (what the systemd unit starts)'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "status" -d 'How the accounts, the notifications and the replies are doing'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "doctor" -d 'Check step by step what goen depends on, and what to do about it'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "list" -d 'Applications and how they stand, newest first'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "show" -d 'One email: what it says and in which words, what helps now, and its application so far'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "app" -d 'Correct which emails belong to an application, name it, close it'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "memo" -d 'Write a note to yourself: what to do next time (kept on this machine only)'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "correct" -d 'Correct what goen read: it changes at once, and similar emails are read accordingly'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "events" -d 'What has happened, one JSON object per line, for scripts'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "review" -d 'Read, edit, approve or discard replies in the terminal'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "approve" -d 'Approve the reply that was shown, by its digest'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "undo" -d 'Undo an approval while the reply is still waiting'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "postpone" -d 'Postpone an approved reply by a day'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "discard" -d 'Discard a draft'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "settle" -d 'Look in Sent for a reply that may not have arrived, or say what became of it'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "retry" -d 'Try stopped or waiting accounts again now'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "quiet" -d 'Hold notifications back for a while: 3h, until 18:00, off'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "notify-test" -d 'Show a notification, and say what the desktop can do with it'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "export" -d 'Export your data: all of it as JSON, or a table, or a page'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "import" -d 'Import what `goen export` or `goen backup` wrote'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "forget" -d 'Forget emails, with their drafts and notes'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "backup" -d 'Copy the store to a file'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "classify" -d 'Classify emails in files: .eml, mbox, Maildir, folders, or - for standard input'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "config" -d 'The settings file'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "service" -d 'The systemd user service that watches while you are logged in'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "completions" -d 'Print completions for a shell'
complete -c goen -n "__fish_goen_using_subcommand help; and not __fish_seen_subcommand_from demo setup run status doctor list show app memo correct events review approve undo postpone discard settle retry quiet notify-test export import forget backup classify config service completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from app" -f -a "merge" -d 'Merge the applications of two emails into one'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from app" -f -a "split" -d 'Split an email off as an application of its own'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from app" -f -a "rename" -d 'Name an application; an empty name goes back to the one in the emails'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from app" -f -a "close" -d 'Close an application: off the list, no reminders; a new email reopens it'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from app" -f -a "reopen" -d 'Reopen an application'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "example" -d 'Print a commented settings file to start from'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Check the settings'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print the settings in force: the file, the defaults, the environment'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Print where goen looks for settings and keeps its state'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "install" -d 'Install, enable and start the service (restarts it if it runs)'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "uninstall" -d 'Stop and remove the service; settings, records and passwords stay'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "status" -d 'Whether the service runs, and what holds it in'
complete -c goen -n "__fish_goen_using_subcommand help; and __fish_seen_subcommand_from service" -f -a "logs" -d 'What the service wrote to the journal'

//! Who gives a command: the Unix user, for the history.

use rustix::process::getuid;

/// The user's name; behind `sudo`, the name of who called it, so that approvals are not all root's.
pub fn am_i() -> String {
    let uid = getuid().as_raw();
    if uid == 0
        && let Ok(user) = std::env::var("SUDO_USER")
        && is_plain(&user)
    {
        return user;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(uid, &users).unwrap_or_else(|| format!("uid {uid}"))
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@'))
}

fn name_of(uid: u32, users: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number = fields.nth(1)?;
        (number.parse() == Ok(uid) && is_plain(name)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nqc-anna:x:1001:1001::/home/a:/bin/sh\n";
        assert_eq!(name_of(1001, users).as_deref(), Some("qc-anna"));
        assert_eq!(name_of(7, users), None);
    }
}

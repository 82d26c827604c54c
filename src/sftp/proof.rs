//! What somebody has proved so far, where one proof is not enough.
//!
//! A proof is for one name: who gives another name begins anew, or the key of one label and the
//! password of another would make a login.

/// How something was proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a password, and by which of the two methods.
    Password(&'static str),
    /// By a key of that fingerprint.
    Key(String),
}

impl Way {
    /// The method's name in the protocol.
    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::Password(method) => method,
            Self::Key(_) => "publickey",
        }
    }
}

/// The proofs of one name.
#[derive(Debug, Default)]
pub(super) struct Proof {
    user: String,
    key: Option<String>,
    has_password: bool,
    last: &'static str,
}

impl Proof {
    /// Another proof. True when there is both a key and a password now.
    pub(super) fn add(&mut self, user: &str, way: Way) -> bool {
        if self.user != user {
            *self = Self {
                user: user.to_owned(),
                ..Self::default()
            };
        }
        self.last = way.method();
        match way {
            Way::Password(_) => self.has_password = true,
            Way::Key(fingerprint) => self.key = Some(fingerprint),
        }
        self.key.is_some() && self.has_password
    }

    /// Whether that name has given a key, and whether a password.
    pub(super) fn given_by(&self, user: &str) -> (bool, bool) {
        if self.user == user {
            (self.key.is_some(), self.has_password)
        } else {
            (false, false)
        }
    }

    /// Fingerprint of the key, if one was given.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The method of the last proof.
    pub(super) fn last(&self) -> &'static str {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_proofs_of_one_name_are_enough_in_either_order() {
        let key = || Way::Key("SHA256:x".to_owned());
        let password = || Way::Password("password");
        for (first, second) in [(key(), password()), (password(), key())] {
            let mut proof = Proof::default();
            assert!(!proof.add("a", first.clone()));
            assert!(!proof.add("a", first), "the same one twice is one");
            assert!(proof.add("a", second));
        }
    }

    #[test]
    fn proofs_of_two_names_are_none_together() {
        let mut proof = Proof::default();
        assert!(!proof.add("a", Way::Key("SHA256:x".to_owned())));
        assert!(!proof.add("b", Way::Password("password")));
        assert_eq!(proof.given_by("b"), (false, true));
        assert_eq!(proof.given_by("a"), (false, false));
        assert!(!proof.add("a", Way::Password("password")));
        assert_eq!(proof.key(), None);
    }
}

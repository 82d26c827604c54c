//! Folders as labels send them.

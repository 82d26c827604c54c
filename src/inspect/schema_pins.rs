//! Which official schema files we know, by hash.
//!
//! DDEX keeps the names of its value sets while it changes their content, so that a name tells
//! nothing; and a schema that somebody edited must not pass for the official one. The files are
//! DDEX's and not part of the project. The newest value set
//! comes first.

/// A known file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    /// File name, as the schema's import has it.
    pub(super) name: &'static str,
    /// SHA-256 in lower-case hex.
    pub(super) sha256: &'static str,
    /// What a person may call it.
    pub(super) vintage: &'static str,
}

/// A known set: one version of ERN.
#[derive(Debug)]
pub(super) struct PinnedSet {
    /// Version as in `domain::ern::VERSIONS`.
    pub(super) version: &'static str,
    /// Its folder.
    pub(super) folder: &'static str,
    /// The message schema, with the name of the value set that it imports.
    pub(super) mains: &'static [(Pin, &'static str)],
    /// Value sets, newest first.
    pub(super) value_sets: &'static [Pin],
}

/// Name of the message schema in every set.
pub(super) const MAIN: &str = "release-notification.xsd";

const fn main(sha256: &'static str) -> Pin {
    Pin {
        name: MAIN,
        sha256,
        vintage: "",
    }
}

const fn values(name: &'static str, sha256: &'static str, vintage: &'static str) -> Pin {
    Pin {
        name,
        sha256,
        vintage,
    }
}

/// Every set that we know.
pub(super) const SETS: &[PinnedSet] = &[
    PinnedSet {
        version: "371",
        folder: "ern-371",
        mains: &[(
            main("21f97ee647d62d0d11bbdebfff06407ba6d75c96ea27120b94c272afc82b1979"),
            "avs_20161006.xsd",
        )],
        value_sets: &[values(
            "avs_20161006.xsd",
            "2c57cfed4e364355d49d2ea7eff414c2358c96217d53e6ba8af627e8253f38dc",
            "2025",
        )],
    },
    PinnedSet {
        version: "381",
        folder: "ern-381",
        mains: &[(
            main("a7eb09d8ad016a1bb6fa58c45b63968660a704ca4a5b38e37e956b94f42af49a"),
            "avs_20161006.xsd",
        )],
        value_sets: &[values(
            "avs_20161006.xsd",
            "2c57cfed4e364355d49d2ea7eff414c2358c96217d53e6ba8af627e8253f38dc",
            "2025",
        )],
    },
    PinnedSet {
        version: "382",
        folder: "ern-382",
        mains: &[
            (
                main("cb2041326ee178a50ce8440424f8b614641248d9a02b00359438e386ca0ff344"),
                "avs_20161006.xsd",
            ),
            (
                main("d57887fe98c2b28b910f7f0fe9d2d383acd8ecd20bb23f848367d0b85fcd1601"),
                "avs.xsd",
            ),
        ],
        value_sets: &[
            values(
                "avs_20161006.xsd",
                "2c57cfed4e364355d49d2ea7eff414c2358c96217d53e6ba8af627e8253f38dc",
                "2025",
            ),
            values(
                "avs_20161006.xsd",
                "73d006bc0dc93bcbcce1d3cb3876a23bbf295b19a7c0536d3523f1e36b2f0a6e",
                "2019",
            ),
            values(
                "avs.xsd",
                "2316e43c6f6db34ddde108016904577aaa5fba7f105a3ac289cd501de7accbcb",
                "2018",
            ),
        ],
    },
    PinnedSet {
        version: "383",
        folder: "ern-383",
        mains: &[
            (
                main("8b955a6df8d493b17b1b825da82804c1e4f263e207ac1549ef2aa28365e06273"),
                "avs_20200108.xsd",
            ),
            (
                main("159608a54ed6bd1ac6c6c3855c93d4a758d5bf90e0cce637844395a74e6dda07"),
                "avs383.xsd",
            ),
        ],
        value_sets: &[
            values(
                "avs_20200108.xsd",
                "bf2876ac02c6dc11d882ed48782597a09f3d618363a20063d03bac0457b2625e",
                "2025",
            ),
            values(
                "avs383.xsd",
                "ae0f806a0a15fb12e12cea1f83bad43cec82ee8c42352ea8adab10d2cb150ec7",
                "2019",
            ),
        ],
    },
    PinnedSet {
        version: "41",
        folder: "ern-41",
        mains: &[(
            main("d184ed78fb8aa0a2dfb26c576d4eb0016fdb731cc498cd2b14b2467dbf6b925a"),
            "avs4.xsd",
        )],
        value_sets: &[values(
            "avs4.xsd",
            "f26e693e2d32f293b8d6e858a6d4468b3e926273af79e038c0d39437f6b77737",
            "2019",
        )],
    },
    PinnedSet {
        version: "411",
        folder: "ern-411",
        mains: &[(
            main("e56890e4e6c4bb7a072140875d1ac8a1c6a1ceeb62ad7690b21664bbce7cfe3a"),
            "avs411.xsd",
        )],
        value_sets: &[values(
            "avs411.xsd",
            "c716e0d369a9fd3e97048e3aac95c6c243707a280103f7f9edef6cf812d2f7ad",
            "2019",
        )],
    },
    PinnedSet {
        version: "42",
        folder: "ern-42",
        mains: &[(
            main("1c535db929eb3809e7dd59d12be5f36b1281a8840f1e87e4cd391b00968bf2c5"),
            "avs20200518.xsd",
        )],
        value_sets: &[values(
            "avs20200518.xsd",
            "254c49a557b148a2c49ce423731316fedefb38cb6fa15df2543421dc278b945e",
            "2025",
        )],
    },
    PinnedSet {
        version: "43",
        folder: "ern-43",
        mains: &[(
            main("bb06f41a844d86dcc9ce06abf827e58594b5f153afdf7c72e0108ef61e7ce7a3"),
            "allowed-value-sets.xsd",
        )],
        value_sets: &[
            values(
                "allowed-value-sets.xsd",
                "c0cb3759f59dcea9bb4ab3bcc0899ce3f5c5ef15b94cb4086c25c76829e079a8",
                "version 9, 2025",
            ),
            values(
                "allowed-value-sets.xsd",
                "acde387be0fb0b787c2e886349b2e6d2b78f8c3745d6f99998dd93c975ee93d1",
                "2022",
            ),
        ],
    },
    PinnedSet {
        version: "432",
        folder: "ern-432",
        mains: &[(
            main("def25b4e72696c9bbc1fed84962acc3a9bae2bc92ef25f8393c99b362aa53a6a"),
            "allowed-value-sets.xsd",
        )],
        value_sets: &[values(
            "allowed-value-sets.xsd",
            "c0cb3759f59dcea9bb4ab3bcc0899ce3f5c5ef15b94cb4086c25c76829e079a8",
            "version 9, 2025",
        )],
    },
];

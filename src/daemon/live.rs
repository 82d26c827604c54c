//! What a running daemon may exchange on SIGHUP: post, DSP profiles, limits, inspection settings.

use crate::config::Config;
use crate::domain::dsp::DspProfile;
use crate::domain::ids::DspId;
use crate::inspect::schemas::Schemas;
use crate::notify::Post;
use anyhow::Context;
use std::sync::{Arc, PoisonError, RwLock};

/// One generation of exchangeable parts.
pub struct Parts {
    /// The configuration that they were made from.
    pub config: Config,
    /// Renders and sends letters.
    pub post: Post,
    /// DSP profiles, by file name.
    pub profiles: Vec<DspProfile>,
    /// Installed schemas and their worker.
    pub schemas: Schemas,
}

impl Parts {
    /// Makes all of them, or none.
    pub fn make(config: Config) -> anyhow::Result<Self> {
        let places = config.places();
        let profiles = config.profiles()?;
        let names = profiles
            .iter()
            .map(|profile| (profile.id.clone(), profile.name.clone()))
            .collect();
        let post = Post::new(&config.notify, &places.mail())
            .context("e-mail cannot be set up")?
            .with_dsp_names(names);
        let schemas = Schemas::open(&places.schemas());
        Ok(Self {
            config,
            post,
            profiles,
            schemas,
        })
    }

    /// The profile of a DSP, if there is one.
    pub fn profile(&self, dsp: &DspId) -> Option<&DspProfile> {
        self.profiles.iter().find(|profile| &profile.id == dsp)
    }
}

/// The generation that holds now. Who works on something keeps the one it began with.
pub struct Live {
    now: RwLock<Arc<Parts>>,
}

impl Live {
    /// Begins with these.
    pub fn new(parts: Parts) -> Self {
        Self {
            now: RwLock::new(Arc::new(parts)),
        }
    }

    /// The generation that holds now.
    pub fn parts(&self) -> Arc<Parts> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another generation in force.
    pub fn exchange(&self, parts: Parts) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parts);
    }
}

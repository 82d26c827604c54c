//! A DSP's bucket: the few operations that a push needs over `object_store`.
//!
//! An object appears whole or not at all, and there is no rename. What is written carries its SHA-256
//! and the push that wrote it as metadata, so that a later try knows its own objects by one HEAD.
//! Every body is signed and has a checksum that the server compares, so what arrived is what was
//! read here.

mod faults;
mod profile;

use super::secrets;
use super::source::{self, Source};
use super::trip::Throttle;
use crate::domain::dsp::{DspProfile, TransportChoice};
use crate::domain::fault::Fault;
use crate::domain::push::Cargo;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error, GetOptions, MultipartUpload, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, RetryConfig,
};
use profile::is_loopback;
pub(super) use profile::mistakes;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Bytes of one part. S3 wants 5 MiB at least; a file of up to one part goes in one request.
const PART_BYTES: u64 = 8 << 20;

/// S3 takes 10,000 parts; larger files get larger parts.
const MOST_PARTS: u64 = 9_000;

/// Parts under way at once. With the one that is being read, a push holds three in memory.
const PARTS_IN_FLIGHT: usize = 2;

/// The thinnest line on which a part still gets through before its request is given up, in bytes per
/// second.
const THIN_LINE: u64 = 64 * 1024;

/// Tries of a request that may be repeated.
const TRIES_AGAIN: usize = 3;

/// Metadata that holds the SHA-256 in lower-case hex.
const SHA256: &str = "sha256";

/// Metadata that holds the push, or the batch, that wrote the object.
const WRITTEN_FOR: &str = "dropzone-push";

/// What lies at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) size: u64,
    /// As whoever wrote it said; nobody but us says it.
    pub(super) sha256: Option<String>,
    /// The push or batch that it was written for.
    pub(super) written_for: Option<String>,
}

/// An object or a further level of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listed {
    /// Last part of the key, and bytes.
    Object(String, u64),
    /// Last part of the common beginning.
    Level(String),
}

/// How often an object may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writes {
    /// A request that was cut is repeated: nobody looks for the object yet.
    UntilItIsThere,
    /// Exactly once: the DSP may have taken it away before a second one came.
    Once,
}

/// A bucket, opened for one push.
pub(super) struct Bucket {
    patient: AmazonS3,
    once: AmazonS3,
    whose: String,
    file: String,
    /// The bucket's name.
    name: String,
    address: String,
    base: String,
    seconds: u64,
    throttle: Option<Arc<Throttle>>,
}

impl Bucket {
    /// Reads the keys and prepares; no byte goes over the network. `None` when the DSP is reached in
    /// another way.
    pub(super) fn open(
        profile: &DspProfile,
        throttle: Option<Arc<Throttle>>,
    ) -> Result<Option<Self>, Fault> {
        let TransportChoice::S3 {
            bucket,
            prefix,
            region,
            endpoint,
            access_key_file,
            secret_key_file,
            path_style,
            allow_http,
            timeout_seconds,
        } = &profile.transport
        else {
            return Ok(None);
        };
        let path_style = path_style.unwrap_or(endpoint.is_some());
        let patience = Duration::from_secs(timeout_seconds + PART_BYTES / THIN_LINE);
        let options = ClientOptions::new()
            .with_connect_timeout(Duration::from_secs(*timeout_seconds))
            .with_timeout(patience);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_access_key_id(secrets::line(access_key_file, "The access key file")?)
            .with_secret_access_key(secrets::line(secret_key_file, "The secret key file")?)
            .with_virtual_hosted_style_request(!path_style)
            .with_checksum_algorithm(Checksum::SHA256)
            .with_client_options(options);
        if let Some(endpoint) = endpoint {
            let endpoint = endpoint.trim_end_matches('/');
            builder = builder
                .with_allow_http(*allow_http || is_loopback(endpoint))
                .with_endpoint(if path_style {
                    endpoint.to_owned()
                } else {
                    endpoint.replacen("://", &format!("://{bucket}."), 1)
                });
        }
        let store = |max_retries| {
            let retry = RetryConfig {
                max_retries,
                retry_timeout: patience,
                ..RetryConfig::default()
            };
            builder.clone().with_retry(retry).build().map_err(|error| {
                super::names::bad_profile(profile, &format!("[transport] cannot be used: {error}"))
            })
        };
        Ok(Some(Self {
            patient: store(TRIES_AGAIN)?,
            once: store(0)?,
            whose: profile.name.clone(),
            file: format!("{}.toml", profile.id),
            name: bucket.clone(),
            address: endpoint
                .clone()
                .unwrap_or_else(|| format!("AWS region {region}")),
            base: joined(prefix, &profile.directory),
            seconds: *timeout_seconds,
            throttle,
        }))
    }

    /// Where `path` lies, for people.
    pub(super) fn location(&self, path: &str) -> String {
        format!("s3://{}/{}", self.name, joined(&self.base, path))
    }

    /// `path` is plain; prefix and directory are the operator's own.
    fn key(&self, path: &str) -> Result<Path, Fault> {
        Path::parse(joined(&self.base, path)).map_err(|error| {
            Fault::permanent(
                "bad_profile",
                format!(
                    "{path:?} cannot be a key in the bucket {:?} of {}: {error}. Look at `prefix` and `directory` of {}.",
                    self.name, self.whose, self.file
                ),
            )
        })
    }

    /// What lies at `path`; `None` when nothing does.
    pub(super) async fn look(&self, path: &str) -> Result<Option<Thing>, Fault> {
        let key = self.key(path)?;
        let head = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        let found = match self.patient.get_opts(&key, head).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.fault(&error, "look at", path)),
        };
        let said = |name: &'static str| {
            let value = found.attributes.get(&Attribute::Metadata(name.into()))?;
            Some(value.as_ref().to_owned())
        };
        Ok(Some(Thing {
            size: found.meta.size,
            sha256: said(SHA256),
            written_for: said(WRITTEN_FOR),
        }))
    }

    /// What lies directly below `path`. A bucket has no folders: what is not there is empty.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Listed>, Fault> {
        let key = self.key(path)?;
        let found = self
            .patient
            .list_with_delimiter(Some(&key))
            .await
            .map_err(|error| self.fault(&error, "list", path))?;
        let objects = found.objects.iter().filter_map(|meta| {
            let name = meta.location.filename()?;
            // Consoles make an empty object named like the folder to show one.
            (meta.location != key).then(|| Listed::Object(name.to_owned(), meta.size))
        });
        let levels = found.common_prefixes.iter().filter_map(|prefix| {
            let name = prefix.filename()?;
            Some(Listed::Level(name.to_owned()))
        });
        Ok(objects.chain(levels).collect())
    }

    /// The objects directly below the directory itself, with their bytes.
    pub(super) async fn files(&self) -> Result<Vec<(String, u64)>, Fault> {
        let listed = self.list("").await?;
        let files = listed.into_iter().filter_map(|listed| match listed {
            Listed::Object(name, size) => Some((name, size)),
            Listed::Level(_) => None,
        });
        Ok(files.collect())
    }

    /// A small object's content; a fault when it has more than `most` bytes.
    pub(super) async fn read(&self, path: &str, most: u64) -> Result<Vec<u8>, Fault> {
        let key = self.key(path)?;
        let failed = |error: Error| self.fault(&error, "read", path);
        let found = self.patient.get(&key).await.map_err(failed)?;
        if found.meta.size > most {
            return Err(Fault::permanent(
                "listing_odd",
                format!("{} has more than {most} bytes in {path:?}.", self.whose),
            ));
        }
        let bytes = found.bytes().await.map_err(failed)?;
        Ok(bytes.to_vec())
    }

    /// Takes away an object of our own.
    pub(super) async fn remove(&self, path: &str) -> Result<(), Fault> {
        let key = self.key(path)?;
        match self.patient.delete(&key).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.fault(&error, "remove", path)),
        }
    }

    /// Writes a file of the spool; done when the object is there with its size and hash. Nothing is
    /// there when the file here is not what was claimed.
    pub(super) async fn put(
        &self,
        path: &str,
        cargo: &Cargo,
        written_for: &str,
        writes: Writes,
    ) -> Result<(), Fault> {
        let attributes = attributes(&cargo.sha256.to_ascii_lowercase(), written_for);
        let source = source::open(cargo).await?;
        if cargo.size <= PART_BYTES {
            let room = usize::try_from(cargo.size).unwrap_or_default() + 1;
            let (source, mut content, count) = source::fill(source, vec![0; room], cargo).await?;
            source.vouch(cargo)?;
            content.truncate(count);
            self.put_whole(path, content, attributes, writes).await?;
        } else {
            self.put_parts(path, source, cargo, attributes, writes)
                .await?;
        }
        self.verify(path, cargo.size, &cargo.sha256).await
    }

    /// The same with a few bytes of our own.
    pub(super) async fn put_bytes(
        &self,
        path: &str,
        content: &[u8],
        written_for: &str,
        writes: Writes,
    ) -> Result<(), Fault> {
        let sha256 = hash_of(content);
        let attributes = attributes(&sha256, written_for);
        self.put_whole(path, content.to_vec(), attributes, writes)
            .await?;
        self.verify(path, content.len() as u64, &sha256).await
    }

    fn store(&self, writes: Writes) -> &AmazonS3 {
        match writes {
            Writes::UntilItIsThere => &self.patient,
            Writes::Once => &self.once,
        }
    }

    async fn slow_down(&self, bytes: usize) {
        if let Some(throttle) = &self.throttle {
            tokio::time::sleep(throttle.book(bytes, Instant::now())).await;
        }
    }

    async fn put_whole(
        &self,
        path: &str,
        content: Vec<u8>,
        attributes: Attributes,
        writes: Writes,
    ) -> Result<(), Fault> {
        self.slow_down(content.len()).await;
        let options = PutOptions {
            attributes,
            ..PutOptions::default()
        };
        let key = self.key(path)?;
        self.store(writes)
            .put_opts(&key, PutPayload::from(content), options)
            .await
            .map(drop)
            .map_err(|error| self.fault(&error, "write", path))
    }

    async fn put_parts(
        &self,
        path: &str,
        source: Source,
        cargo: &Cargo,
        attributes: Attributes,
        writes: Writes,
    ) -> Result<(), Fault> {
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        let key = self.key(path)?;
        let failed = |error: Error| self.fault(&error, "write", path);
        // Parts are nothing to anybody until they are put together.
        let store = self.store(writes);
        let mut upload = store
            .put_multipart_opts(&key, options)
            .await
            .map_err(failed)?;
        let sent = self.send_parts(path, upload.as_mut(), source, cargo).await;
        if let Err(fault) = sent {
            if let Err(error) = upload.abort().await {
                // They cost the DSP money until its own rule removes them.
                tracing::warn!(dsp = %self.whose, path, %error, "parts of an upload that was broken off stay at the DSP");
            }
            return Err(fault);
        }
        upload.complete().await.map(drop).map_err(failed)
    }

    async fn send_parts(
        &self,
        path: &str,
        upload: &mut dyn MultipartUpload,
        mut source: Source,
        cargo: &Cargo,
    ) -> Result<(), Fault> {
        let size =
            usize::try_from(PART_BYTES.max(cargo.size.div_ceil(MOST_PARTS))).unwrap_or(usize::MAX);
        let mut flight: JoinSet<object_store::Result<()>> = JoinSet::new();
        loop {
            let (mut part, count);
            (source, part, count) = source::fill(source, vec![0; size], cargo).await?;
            let is_last = count < size;
            part.truncate(count);
            if count > 0 {
                self.slow_down(count).await;
                if flight.len() >= PARTS_IN_FLIGHT {
                    self.landed(path, &mut flight).await?;
                }
                flight.spawn(upload.put_part(PutPayload::from(part)));
            }
            if is_last {
                break;
            }
        }
        while !flight.is_empty() {
            self.landed(path, &mut flight).await?;
        }
        source.vouch(cargo)
    }

    async fn landed(
        &self,
        path: &str,
        flight: &mut JoinSet<object_store::Result<()>>,
    ) -> Result<(), Fault> {
        match flight.join_next().await {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(self.fault(&error, "write", path)),
            Some(Err(error)) => Err(source::stopped(&error)),
        }
    }

    async fn verify(&self, path: &str, size: u64, sha256: &str) -> Result<(), Fault> {
        let found = self.look(path).await?;
        let is_it = found.as_ref().is_some_and(|thing| {
            let hash = thing.sha256.as_deref();
            thing.size == size && hash.is_none_or(|hash| hash.eq_ignore_ascii_case(sha256))
        });
        if is_it {
            return Ok(());
        }
        Err(Fault::transient(
            "verification_failed",
            format!(
                "{} says that {path:?} is {found:?} after {size} bytes were sent and taken.",
                self.whose
            ),
        ))
    }
}

/// SHA-256 in lower-case hex.
pub(super) fn hash_of(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

fn attributes(sha256: &str, written_for: &str) -> Attributes {
    [
        (SHA256, sha256.to_owned()),
        (WRITTEN_FOR, written_for.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (Attribute::Metadata(name.into()), value))
    .collect()
}

fn joined(base: &str, path: &str) -> String {
    let (base, path) = (base.trim_matches('/'), path.trim_matches('/'));
    match (base, path) {
        ("", only) | (only, "") => only.to_owned(),
        (base, path) => format!("{base}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_no_empty_parts() {
        assert_eq!(joined("", ""), "");
        assert_eq!(joined("/a/", ""), "a");
        assert_eq!(joined("", "b/c"), "b/c");
        assert_eq!(joined("a/", "/b"), "a/b");
    }
}

//! libxml2's schema validator, as far as we use it: compile a schema, validate a text, collect
//! what is wrong with true lines.
//!
//! The one file of the project that talks to C. The `libxml` crate's safe types clamp lines at
//! 65535, keep every error (20,000 of 3.5 KB each for one bad value in a large message) and lose
//! the node; its bindings do not. Rules that keep this sound:
//! - a `Compiled` stays on the thread that made it (raw pointer, neither `Send` nor `Sync`);
//! - every pointer from libxml2 is checked for null before use and freed once, by a guard;
//! - the callback copies what it needs and never panics: unwinding through C aborts.
//!
//! Options: no network, no recovery, no DTD, no entities, no huge documents. The text has passed
//! `domain::ern`, which refuses DTDs, depth and attributes in masses before libxml2 sees them.
#![expect(
    unsafe_code,
    reason = "the safe wrapper clamps lines at 65535 and cannot bound the list of errors"
)]

use libxml::bindings as xml;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::Once;

/// Faults kept of one message; the rest is counted.
pub(super) const MAX_FAULTS: usize = 50;
/// Siblings looked at to say what stands in the wrong order.
const MAX_SIBLINGS: usize = 2_000;
/// Longest message kept, in bytes: one with all territories is 3.5 KB.
const MAX_MESSAGE_BYTES: usize = 16 << 10;
/// Longest value kept, in bytes.
const MAX_VALUE_BYTES: usize = 200;

/// One error as libxml2 gives it, with what is needed to say it better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawFault {
    /// `xmlParserErrors` number.
    pub(super) code: i32,
    /// libxml2's sentence.
    pub(super) message: String,
    /// True line, from 1.
    pub(super) line: u32,
    /// Path of the node with libxml2's prefixes.
    pub(super) path: String,
    /// Local names from the root to the element.
    pub(super) ancestry: Vec<String>,
    /// Local names of the elements before it in its parent.
    pub(super) before: Vec<String>,
    /// Local names of the elements after it in its parent.
    pub(super) after: Vec<String>,
    /// Local names of its own children.
    pub(super) children: Vec<String>,
    /// Text directly inside it.
    pub(super) value: String,
}

/// What validation gave.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The first faults.
    pub(super) faults: Vec<RawFault>,
    /// All faults.
    pub(super) total: usize,
}

/// Why validation gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum XsdError {
    /// The schema itself cannot be used.
    #[error("the schema cannot be compiled: {0}")]
    Compile(String),
    /// libxml2 refuses the text.
    #[error("line {line}: {message}")]
    NotWellFormed {
        /// libxml2's sentence.
        message: String,
        /// Line, from 1.
        line: u32,
    },
    /// libxml2 could not go on.
    #[error("the validator failed inside")]
    Internal,
}

/// A compiled schema; freed when dropped.
#[derive(Debug)]
pub(super) struct Compiled {
    schema: ptr::NonNull<xml::xmlSchema>,
}

impl Compiled {
    /// Compiles the schema of that file; what it imports lies beside it.
    pub(super) fn from_file(path: &Path) -> Result<Self, XsdError> {
        let path = CString::new(path.as_os_str().as_bytes())
            .map_err(|_| XsdError::Compile("the path holds a zero byte".to_owned()))?;
        initialise();
        // SAFETY: `path` is a C string that outlives the call; libxml2 copies it.
        let context = unsafe { xml::xmlSchemaNewParserCtxt(path.as_ptr()) };
        Self::from_context(context)
    }

    /// Compiles a schema that imports nothing.
    pub(super) fn from_text(text: &'static str) -> Result<Self, XsdError> {
        let length = c_int::try_from(text.len())
            .map_err(|_| XsdError::Compile("it is too long".to_owned()))?;
        initialise();
        // SAFETY: the context reads the text only until it is parsed, and the text is static.
        let context = unsafe { xml::xmlSchemaNewMemParserCtxt(text.as_ptr().cast(), length) };
        Self::from_context(context)
    }

    fn from_context(context: xml::xmlSchemaParserCtxtPtr) -> Result<Self, XsdError> {
        if context.is_null() {
            return Err(XsdError::Internal);
        }
        let mut sink = Sink::default();
        // SAFETY: `context` is a live context of our own, freed here and used nowhere after;
        // `sink` outlives both calls that may write to it through the callback.
        let schema = unsafe {
            let user: *mut c_void = ptr::from_mut(&mut sink).cast();
            xml::xmlSchemaSetParserStructuredErrors(context, Some(collect), user);
            let schema = xml::xmlSchemaParse(context);
            xml::xmlSchemaFreeParserCtxt(context);
            schema
        };
        ptr::NonNull::new(schema)
            .map(|schema| Self { schema })
            .ok_or_else(|| {
                let first = sink.faults.into_iter().next();
                XsdError::Compile(first.map_or_else(String::new, |f| f.message))
            })
    }

    /// Validates a UTF-8 text.
    pub(super) fn validate(&self, text: &str) -> Result<Outcome, XsdError> {
        let document = Document::parse(text)?;
        let mut sink = Sink::default();
        // SAFETY: schema and document are live until the end of this function; the context is
        // freed before it returns; `sink` outlives the calls that may write to it.
        let result = unsafe {
            let context = xml::xmlSchemaNewValidCtxt(self.schema.as_ptr());
            if context.is_null() {
                return Err(XsdError::Internal);
            }
            let user: *mut c_void = ptr::from_mut(&mut sink).cast();
            xml::xmlSchemaSetValidStructuredErrors(context, Some(collect), user);
            let result = xml::xmlSchemaValidateDoc(context, document.0.as_ptr());
            xml::xmlSchemaFreeValidCtxt(context);
            result
        };
        if result < 0 {
            return Err(XsdError::Internal);
        }
        if result > 0 && sink.total == 0 {
            return Err(XsdError::Internal);
        }
        Ok(Outcome {
            faults: sink.faults,
            total: sink.total,
        })
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: the schema is ours and nothing borrowed from it is left.
        unsafe { xml::xmlSchemaFree(self.schema.as_ptr()) }
    }
}

/// A parsed text; freed when dropped.
struct Document(ptr::NonNull<xml::xmlDoc>);

impl Document {
    fn parse(text: &str) -> Result<Self, XsdError> {
        initialise();
        let length = c_int::try_from(text.len()).map_err(|_| XsdError::Internal)?;
        let options = xml::xmlParserOption_XML_PARSE_NONET
            | xml::xmlParserOption_XML_PARSE_BIG_LINES
            | xml::xmlParserOption_XML_PARSE_NOERROR
            | xml::xmlParserOption_XML_PARSE_NOWARNING;
        // SAFETY: the text is read during the call only; the context is ours, checked, and freed
        // before the block ends; its last error is copied before that.
        unsafe {
            let context = xml::xmlNewParserCtxt();
            if context.is_null() {
                return Err(XsdError::Internal);
            }
            let document = xml::xmlCtxtReadMemory(
                context,
                text.as_ptr().cast(),
                length,
                ptr::null(),
                c"UTF-8".as_ptr(),
                c_int::try_from(options).unwrap_or_default(),
            );
            let error = xml::xmlCtxtGetLastError(context.cast());
            let (message, line) = if error.is_null() {
                (String::new(), 0)
            } else {
                (copy((*error).message, MAX_MESSAGE_BYTES), (*error).line)
            };
            xml::xmlFreeParserCtxt(context);
            ptr::NonNull::new(document)
                .map(Self)
                .ok_or(XsdError::NotWellFormed {
                    message,
                    line: u32::try_from(line).unwrap_or_default(),
                })
        }
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        // SAFETY: the document is ours and nothing borrowed from it is left.
        unsafe { xml::xmlFreeDoc(self.0.as_ptr()) }
    }
}

/// Gives freed memory back to the system. glibc keeps what a thread freed for threads to come: 50 MB
/// after one large message, for nothing.
pub(super) fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> c_int;
        }
        // SAFETY: the function takes no pointer, keeps all live memory and locks what it touches.
        unsafe { malloc_trim(0) };
    }
}

/// libxml2's global state, once for the process.
fn initialise() {
    static TYPES: Once = Once::new();
    libxml::init_parser();
    TYPES.call_once(|| {
        // SAFETY: the parser is initialised, and `Once` keeps other threads out.
        unsafe { xml::xmlSchemaInitTypes() }
    });
}

#[derive(Default)]
struct Sink {
    faults: Vec<RawFault>,
    total: usize,
    /// Node of the last fault of a kind that libxml2 follows with another about the same thing.
    last: *mut c_void,
    last_code: i32,
}

/// `XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1` and its sisters, which follow a facet's error.
const TYPE_CODES: std::ops::RangeInclusive<i32> = 1824..=1826;
/// `XML_SCHEMAV_CVC_LENGTH_VALID` to `XML_SCHEMAV_CVC_ENUMERATION_VALID`.
const FACET_CODES: std::ops::RangeInclusive<i32> = 1829..=1840;
/// `XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3`: text where only elements may be. What is missing inside
/// follows, and is the text.
const STRAY_TEXT_CODE: i32 = 1843;
/// `XML_SCHEMAV_ELEMENT_CONTENT`.
const CONTENT_CODE: i32 = 1871;

unsafe extern "C" fn collect(user: *mut c_void, error: xml::xmlErrorPtr) {
    if user.is_null() || error.is_null() {
        return;
    }
    // SAFETY: `user` is the `Sink` that our caller registered and that outlives the call which
    // reports errors; libxml2 reports on this thread only, so nobody else holds it. `error` is
    // valid for the time of the callback.
    unsafe {
        let sink = &mut *user.cast::<Sink>();
        let error = &*error;
        let is_same_node = !error.node.is_null() && error.node == sink.last;
        let is_same_thing = (TYPE_CODES.contains(&error.code)
            && FACET_CODES.contains(&sink.last_code))
            || (error.code == CONTENT_CODE && sink.last_code == STRAY_TEXT_CODE);
        sink.last = error.node;
        sink.last_code = error.code;
        if is_same_node && is_same_thing {
            return;
        }
        sink.total += 1;
        if sink.faults.len() < MAX_FAULTS {
            sink.faults.push(describe(error));
        }
    }
}

/// Copies what is worth knowing of an error.
///
/// # Safety
/// `error` and the node that it names are live.
unsafe fn describe(error: &xml::xmlError) -> RawFault {
    // SAFETY: as the caller promises; every pointer is checked before it is followed.
    unsafe {
        let mut fault = RawFault {
            code: error.code,
            message: copy(error.message, MAX_MESSAGE_BYTES),
            line: u32::try_from(error.line).unwrap_or_default(),
            ..RawFault::default()
        };
        let node: xml::xmlNodePtr = error.node.cast();
        if node.is_null() {
            return fault;
        }
        // An attribute is a shorter structure, with the same head up to `parent`.
        let is_element = (*node).type_ == xml::xmlElementType_XML_ELEMENT_NODE;
        let element = if is_element { node } else { (*node).parent };
        if element.is_null() {
            return fault;
        }
        fault.line = u32::try_from(xml::xmlGetLineNo(element)).unwrap_or(fault.line);
        fault.path = path(node);
        let mut up = element;
        while !up.is_null() && (*up).type_ == xml::xmlElementType_XML_ELEMENT_NODE {
            fault.ancestry.push(local_name(up));
            up = (*up).parent;
        }
        fault.ancestry.reverse();
        fault.before = names((*element).prev, Way::Back);
        fault.before.reverse();
        fault.after = names((*element).next, Way::On);
        fault.children = names((*element).children, Way::On);
        fault.value = text_of(element);
        fault
    }
}

#[derive(Clone, Copy)]
enum Way {
    Back,
    On,
}

/// Local names of the elements from a node on.
///
/// # Safety
/// `node` is null or live.
unsafe fn names(mut node: xml::xmlNodePtr, way: Way) -> Vec<String> {
    let mut out = Vec::new();
    // SAFETY: as the caller promises; siblings of a live node are live or null.
    unsafe {
        for _ in 0..MAX_SIBLINGS {
            if node.is_null() {
                break;
            }
            if (*node).type_ == xml::xmlElementType_XML_ELEMENT_NODE {
                out.push(local_name(node));
            }
            node = match way {
                Way::Back => (*node).prev,
                Way::On => (*node).next,
            };
        }
    }
    out
}

/// # Safety
/// `node` is a live element.
unsafe fn local_name(node: xml::xmlNodePtr) -> String {
    // SAFETY: as the caller promises; the name of an element is a C string or null.
    unsafe { copy((*node).name.cast(), MAX_VALUE_BYTES) }
}

/// The first text directly inside an element.
///
/// # Safety
/// `element` is a live element.
unsafe fn text_of(element: xml::xmlNodePtr) -> String {
    // SAFETY: as the caller promises; children are live or null, content is a C string or null.
    unsafe {
        let child = (*element).children;
        if child.is_null() || (*child).type_ != xml::xmlElementType_XML_TEXT_NODE {
            return String::new();
        }
        copy((*child).content.cast(), MAX_VALUE_BYTES)
            .trim()
            .to_owned()
    }
}

/// # Safety
/// `node` is live.
unsafe fn path(node: xml::xmlNodePtr) -> String {
    // SAFETY: as the caller promises; the returned string is ours, copied, and freed by the
    // function that libxml2 names for it.
    unsafe {
        let raw = xml::xmlGetNodePath(node);
        if raw.is_null() {
            return String::new();
        }
        let text = copy(raw.cast(), MAX_MESSAGE_BYTES);
        if let Some(free) = xml::xmlFree {
            free(raw.cast());
        }
        text
    }
}

/// At most `most` bytes of a C string.
///
/// # Safety
/// `text` is null or a live C string.
unsafe fn copy(text: *const c_char, most: usize) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    let short = bytes.get(..most).unwrap_or(bytes);
    String::from_utf8_lossy(short).into_owned()
}

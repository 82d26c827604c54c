//! Every kind of fault that libxml2 can report, made from a message that has none; and not a word
//! of libxml2's own in what is said of it.

use super::super::xsd::Compiled;
use super::super::xsd_model::Model;
use super::*;
use crate::domain::repair::Edit;

/// One element or attribute for each kind of constraint that XML Schema has.
const SCHEMA: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:e="urn:e" targetNamespace="urn:e">
  <xs:simpleType name="Colour"><xs:restriction base="xs:string">
    <xs:enumeration value="DarkRed"/><xs:enumeration value="Green"/>
  </xs:restriction></xs:simpleType>
  <xs:element name="Root"><xs:complexType><xs:sequence>
    <xs:element name="Id" type="xs:string"/>
    <xs:element name="PartyName"><xs:complexType><xs:sequence>
      <xs:element name="FullName" type="xs:string" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="Colour" type="e:Colour"/>
    <xs:element name="Code"><xs:simpleType><xs:restriction base="xs:string"><xs:length value="3"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Short"><xs:simpleType><xs:restriction base="xs:string">
      <xs:minLength value="2"/><xs:maxLength value="4"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Range"><xs:simpleType><xs:restriction base="xs:integer">
      <xs:minInclusive value="1"/><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Open"><xs:simpleType><xs:restriction base="xs:integer">
      <xs:minExclusive value="1"/><xs:maxExclusive value="9"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Price"><xs:simpleType><xs:restriction base="xs:decimal">
      <xs:totalDigits value="4"/><xs:fractionDigits value="2"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Ref"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="A[\d\-_a-zA-Z]+"/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name="Day" type="xs:date"/>
    <xs:element name="Length" type="xs:duration"/>
    <xs:element name="Flag" type="xs:boolean"/>
    <xs:element name="Fixed" type="xs:string" fixed="one"/>
    <xs:element name="Nothing"><xs:complexType/></xs:element>
    <xs:element name="Item" minOccurs="0" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="Key" type="xs:string"/><xs:attribute name="To" type="xs:string"/>
      <xs:attribute name="Unit" type="xs:string" fixed="Hz"/>
    </xs:complexType></xs:element>
    <xs:choice><xs:element name="This" type="xs:string"/><xs:element name="That" type="xs:string"/></xs:choice>
  </xs:sequence><xs:attribute name="Version" type="xs:string" use="required"/></xs:complexType>
  <xs:key name="K"><xs:selector xpath="Item"/><xs:field xpath="@Key"/></xs:key>
  <xs:keyref name="R" refer="e:K"><xs:selector xpath="Item"/><xs:field xpath="@To"/></xs:keyref>
  </xs:element>
</xs:schema>"#;

const SOUND: &str = r#"<e:Root xmlns:e="urn:e" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" Version="1">
<Id>x</Id>
<PartyName><FullName>n</FullName></PartyName>
<Colour>Green</Colour>
<Code>abc</Code>
<Short>abc</Short>
<Range>5</Range>
<Open>5</Open>
<Price>1.50</Price>
<Ref>A1</Ref>
<Day>2026-04-01</Day>
<Length>PT3M42S</Length>
<Flag>true</Flag>
<Fixed>one</Fixed>
<Nothing/>
<Item Key="1"/>
<Item Key="2" To="1" Unit="Hz"/>
<This>x</This>
</e:Root>"#;

/// What is changed, what is said, and what puts it right.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("<e:Root", "<e:Rood", "cannot begin with `<Rood>`", ""),
    (
        "<Id>x</Id>\n",
        "",
        "`Id` is required inside `Root`, before `PartyName`",
        "",
    ),
    (
        "<This>x</This>\n",
        "",
        "One of `Item`, `This`, `That` is required inside `Root`",
        "",
    ),
    (
        "<Id>x</Id>\n<PartyName><FullName>n</FullName></PartyName>",
        "<PartyName><FullName>n</FullName></PartyName>\n<Id>x</Id>",
        "`Id` must come before `PartyName` inside `Root`",
        "Sort",
    ),
    (
        "<Colour>",
        "<Colour>Green</Colour><Colour>",
        "`Colour` may stand only once inside `Root`",
        "",
    ),
    (
        "</This>",
        "</This><That>x</That>",
        "`That` cannot stand beside `This`",
        "",
    ),
    (
        "<Id>x</Id>",
        "<ID>x</ID>",
        "`ID` is not known inside `Root`",
        "Rename",
    ),
    (
        "<Id>x</Id>",
        "<Idd>x</Idd>",
        "`Idd` is not known inside `Root`",
        "",
    ),
    (
        "<Id>x</Id>",
        "<FullName>x</FullName>",
        "`FullName` is not known inside `Root`; it belongs into `PartyName`",
        "",
    ),
    (
        "<FullName>n</FullName>",
        "n &amp; m",
        "`PartyName` may hold only other elements",
        "Wrap",
    ),
    (
        "<Id>x</Id>",
        "<Id><b>x</b></Id>",
        "`Id` may hold only text",
        "",
    ),
    (
        "<Nothing/>",
        "<Nothing>x</Nothing>",
        "`Nothing` must be empty, but there is text",
        "",
    ),
    (
        "<Nothing/>",
        "<Nothing><b/></Nothing>",
        "`Nothing` must be empty, but there are elements",
        "",
    ),
    (
        ">Green<",
        ">dark red<",
        "“dark red” is not among the values that `Colour` may have",
        "Set",
    ),
    (
        ">Green<",
        ">Blue<",
        "“Blue” is not among the values that `Colour` may have",
        "",
    ),
    (">Green<", "><", "`Colour` is empty", ""),
    (
        ">abc</Code>",
        ">ab</Code>",
        "“ab”: `Code` has not the length that it must have",
        "",
    ),
    (
        ">abc</Short>",
        ">a</Short>",
        "“a”: `Short` is too short",
        "",
    ),
    (
        ">abc</Short>",
        ">abcde</Short>",
        "“abcde”: `Short` is too long",
        "",
    ),
    (">5</Range>", ">0</Range>", "“0”: `Range` is too small", ""),
    (
        ">5</Range>",
        ">10</Range>",
        "“10”: `Range` is too large",
        "",
    ),
    (">5</Open>", ">1</Open>", "“1”: `Open` is too small", ""),
    (">5</Open>", ">9</Open>", "“9”: `Open` is too large", ""),
    (
        ">1.50<",
        ">123.45<",
        "“123.45”: `Price` has too many digits",
        "",
    ),
    (
        ">1.50<",
        ">1.505<",
        "“1.505”: `Price` has too many digits behind the point",
        "",
    ),
    (
        ">A1<",
        ">B1<",
        "“B1” has not the form that `Ref` must have",
        "",
    ),
    (
        ">2026-04-01<",
        ">2026/04/01<",
        "`Day` must be a date, but is “2026/04/01”",
        "Set",
    ),
    (
        ">2026-04-01<",
        ">1 April<",
        "`Day` must be a date, but is “1 April”",
        "",
    ),
    (
        ">PT3M42S<",
        ">3:42<",
        "`Length` must be a duration, but is “3:42”",
        "Set",
    ),
    (
        ">true<",
        ">Yes<",
        "`Flag` must be true or false, but is “Yes”",
        "Set",
    ),
    (
        ">one<",
        ">two<",
        "`Fixed` has another value than the only one",
        "",
    ),
    (
        "Unit=\"Hz\"",
        "Unit=\"kHz\"",
        "`Unit` of `<Item>` has another value than the only one",
        "",
    ),
    (
        " Version=\"1\"",
        "",
        "`<Root>` must have the attribute `Version`",
        "",
    ),
    (
        "Version=\"1\"",
        "Version=\"1\" Versions=\"2\"",
        "`<Root>` has no attribute `Versions`",
        "",
    ),
    (
        "Unit=\"Hz\"",
        "unit=\"Hz\"",
        "`<Item>` has no attribute `unit`",
        "Rename",
    ),
    ("<Id>", "<Id a=\"b\">", "`<Id>` has no attribute `a`", ""),
    (
        "Key=\"2\"",
        "Key=\"1\"",
        "is there already; it may stand for one thing only",
        "",
    ),
    (
        "Key=\"2\" ",
        "",
        "lacks the value by which others refer to it",
        "",
    ),
    (
        "To=\"1\"",
        "To=\"7\"",
        "“7” in `Item` refers to something that is not in the message",
        "",
    ),
    (
        "<Id>",
        "<Id xsi:nil=\"true\">",
        "cannot be declared empty by `xsi:nil`",
        "",
    ),
    (
        "<Id>",
        "<Id xsi:type=\"e:Nowhere\">",
        "`xsi:type` of `Id` names a type that cannot stand here",
        "",
    ),
];

fn name(edit: &Edit) -> &'static str {
    match edit {
        Edit::Namespace => "Namespace",
        Edit::Set { .. } => "Set",
        Edit::Rename { .. } => "Rename",
        Edit::Wrap { .. } => "Wrap",
        Edit::Remove { .. } => "Remove",
        Edit::Insert { .. } => "Insert",
        Edit::Move { .. } => "Move",
        Edit::Sort { .. } => "Sort",
    }
}

/// Pieces of libxml2's sentences.
const FOREIGN: [&str; 14] = [
    "Element '",
    "Attribute '",
    "attribute '",
    "[facet",
    "is not a valid value",
    "atomic type",
    "not expected",
    "Expected is",
    "content type",
    "Missing child",
    "No matching",
    "is not allowed",
    "{http",
    "key-sequence",
];

#[test]
fn every_kind_is_said_in_words_of_our_own() {
    let schema = Compiled::from_text(SCHEMA).expect("a sound schema");
    let model = Model::read(SCHEMA);
    let sound = schema.validate(SOUND).expect("a sound message");
    assert_eq!(sound.faults, [], "the message has no fault");
    for (from, to, wanted, edit) in CASES {
        let mut text = SOUND.replacen(from, to, 1);
        if *to == "<e:Rood" {
            text = text.replace("</e:Root>", "</e:Rood>");
        }
        assert_ne!(text, SOUND, "{from}");
        let outcome = schema.validate(&text).expect("well-formed");
        let said: Vec<SchemaFault> = outcome.faults.iter().map(|raw| say(raw, &model)).collect();
        let first = said.first().unwrap_or_else(|| panic!("{to}: no fault"));
        assert!(
            first.message.contains(wanted),
            "{to}: {:?}\n{:?}",
            first.message,
            outcome.faults
        );
        let edits: Vec<&str> = first.repair.iter().map(name).collect();
        assert_eq!(edits.concat(), *edit, "{to}: {:?}", first.repair);
        for fault in &said {
            let all = format!("{} {:?} {:?}", fault.message, fault.fix, fault.expected);
            assert!(fault.fix.is_some(), "{to}: something can be done: {all}");
            for foreign in FOREIGN {
                assert!(!all.contains(foreign), "{to}: {all}");
            }
        }
    }
}

#[test]
fn what_nobody_knows_is_said_plainly() {
    let raw = RawFault {
        code: 1_879,
        message: "Element 'X': [facet 'unheard-of'] This element is not expected.\n".to_owned(),
        ancestry: vec!["Root".to_owned(), "X".to_owned()],
        ..RawFault::default()
    };
    let said = say(&raw, &Model::default());
    assert_eq!(said.message, "The schema does not allow `X` as it is.");
    let broken = not_well_formed(&RawFault {
        message: "xmlns:a: 'x' is not a valid URI\n".to_owned(),
        line: 3,
        ..RawFault::default()
    });
    assert_eq!(
        broken.message,
        "The check against the schema cannot read this line: a namespace is declared in a way that is not allowed."
    );
}

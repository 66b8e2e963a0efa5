//! HTML as a reader sees it, line by line.
//!
//! Works on the token stream of `html5gum` with a stack of its own: no tree, no recursion, linear.
//! Left out is what a mail program does not show (styles, scripts, hidden preheaders), because hidden text
//! may contradict the visible one. Nothing is fetched, and no style sheet is obeyed but for classes that it hides.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, ForwardingEmitter, Span, Tokenizer};

use super::scrub;

/// A line of visible text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// How many quotations it stands in.
    pub(super) depth: u16,
    /// It stands in what the mail program marked as a signature.
    pub(super) signature: bool,
}

/// The visible text, and for each of its lines where it stands.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) text: String,
    pub(super) marks: Vec<Marks>,
    /// The text was longer than allowed.
    pub(super) truncated: bool,
}

/// Renders `html`; stops writing at `max_bytes` of text.
pub(super) fn render(html: &str, max_bytes: usize) -> Page {
    let mut renderer = Renderer { max_bytes, ..Renderer::default() };
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| {
        renderer.event(&event);
        None::<Infallible>
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, Lenient(emitter)).finish();
    renderer.end()
}

/// Tells the tokenizer that nobody asks for errors in the markup: it looks at each character for them.
struct Lenient<E>(E);

impl<E: Emitter<Token = Infallible>> ForwardingEmitter for Lenient<E> {
    type Token = Infallible;

    fn inner(&mut self) -> &mut impl Emitter<Token = Infallible> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

/// How far up an end tag looks for its start tag. Without a bound, stray end tags under deep
/// nesting would take quadratic time.
const END_TAG_REACH: usize = 64;

/// How deep elements are remembered; mail templates nest tables some 60 deep.
const DEPTH_MAX: usize = 4096;

/// How many hidden classes and ids of style sheets are remembered.
const HIDDEN_NAMES_MAX: usize = 64;

/// What stands between the text so far and the next word, weakest first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    /// White space with a line end of the source in it: between wide characters it is nothing.
    Wrap,
    /// The border between two table cells.
    Cell,
    Line,
    Paragraph,
}

/// What an element is to the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Inline,
    /// Begins and ends a line.
    Block,
    /// Stands apart by an empty line.
    Paragraph,
    Row,
    Cell,
    Break,
    Rule,
    /// Holds no text to read.
    Unseen,
    /// Takes no content.
    Void,
}

fn layout(name: &[u8]) -> Layout {
    match name {
        b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"ul" | b"ol" | b"dl" | b"table"
        | b"blockquote" | b"pre" => Layout::Paragraph,
        b"div" | b"li" | b"dt" | b"dd" | b"address" | b"article" | b"aside" | b"section"
        | b"header" | b"footer" | b"main" | b"nav" | b"form" | b"fieldset" | b"legend"
        | b"center" | b"figure" | b"figcaption" | b"caption" | b"details" | b"summary"
        | b"body" | b"html" | b"option" => Layout::Block,
        b"tr" => Layout::Row,
        b"td" | b"th" => Layout::Cell,
        b"br" => Layout::Break,
        b"hr" => Layout::Rule,
        b"script" | b"style" | b"title" | b"template" | b"noscript" | b"iframe" | b"object"
        | b"svg" | b"math" | b"audio" | b"video" | b"canvas" | b"datalist" | b"rt" | b"rp"
        | b"xml" | b"noembed" | b"noframes" | b"noframe" => Layout::Unseen,
        b"img" | b"input" | b"meta" | b"link" | b"area" | b"base" | b"col" | b"embed"
        | b"source" | b"track" | b"wbr" | b"param" | b"keygen" | b"frame" => Layout::Void,
        _ => Layout::Inline,
    }
}

/// A tag's name as a number: the last eight bytes, which tell all names of HTML apart.
fn key(name: &[u8]) -> u64 {
    name.iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// What an element does to the text inside it, inherited from its parent.
#[derive(Debug, Default, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one property of CSS")]
struct Style {
    /// `display:none` and its like: nothing inside can undo it.
    hidden: bool,
    /// `font-size:0`, undone by a size further in (MJML sets it on every cell).
    tiny: bool,
    /// `visibility:hidden`, undone by `visible`.
    invisible: bool,
    /// White letters …
    white: bool,
    /// … on something that may not be white.
    backed: bool,
    preformatted: bool,
    signature: bool,
    quotes: u16,
}

impl Style {
    fn unseen(self) -> bool {
        self.hidden || self.tiny || self.invisible || (self.white && !self.backed)
    }
}

/// An open element.
#[derive(Debug, Clone, Copy)]
struct Element {
    key: u64,
    layout: Layout,
    style: Style,
}

/// The start tag being read.
#[derive(Debug)]
struct Tag {
    key: u64,
    layout: Layout,
    style: Style,
    attribute: Attribute,
    /// A `<blockquote>`: quoted unless its style says that it only indents.
    blockquote: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Style,
    Class,
    Id,
    Color,
    Background,
    Type,
    Other,
}

#[derive(Default)]
struct Renderer {
    page: Page,
    max_bytes: usize,
    stack: Vec<Element>,
    tag: Option<Tag>,
    gap: Gap,
    /// A word of the current table row has been written: the next cell stands beside it.
    row_has_text: bool,
    /// The current cell has no word yet: blocks that open in it do not leave its line.
    cell_is_fresh: bool,
    /// Classes (`.`) and ids (`#`) that a style sheet hides.
    hidden_names: Vec<String>,
}

impl Renderer {
    fn style(&self) -> Style {
        self.stack.last().map(|element| element.style).unwrap_or_default()
    }

    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.open(name),
            CallbackEvent::AttributeName { name } => self.attribute(name),
            CallbackEvent::AttributeValue { value } => {
                if let Ok(value) = std::str::from_utf8(value) {
                    self.value(value);
                }
            }
            CallbackEvent::CloseStartTag { .. } => self.begin(),
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } => {
                if let Ok(text) = std::str::from_utf8(value) {
                    self.string(text);
                }
            }
            CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
    }

    fn open(&mut self, name: &[u8]) {
        let layout = layout(name);
        let key = key(name);
        self.close_implied(key, layout);
        let mut style = self.style();
        style.hidden |= layout == Layout::Unseen;
        style.preformatted |= name == b"pre";
        style.backed |= name == b"button";
        self.tag = Some(Tag {
            key,
            layout,
            style,
            attribute: Attribute::Other,
            blockquote: name == b"blockquote",
        });
    }

    /// Ends elements that HTML lets authors leave open: a hidden `<p>` ends where the next begins.
    fn close_implied(&mut self, key: u64, layout: Layout) {
        let closes = |open: &Element| match layout {
            Layout::Row => matches!(open.layout, Layout::Cell | Layout::Row),
            Layout::Cell => open.layout == Layout::Cell,
            Layout::Block | Layout::Paragraph | Layout::Rule => {
                open.key == self::key(b"p")
                    || (open.key == key && matches_any(key, &[b"li", b"dt", b"dd", b"option"]))
            }
            _ => false,
        };
        while self.stack.last().is_some_and(closes) {
            self.pop();
        }
    }

    fn attribute(&mut self, name: &[u8]) {
        let Some(tag) = &mut self.tag else { return };
        tag.attribute = match name {
            b"style" => Attribute::Style,
            b"class" => Attribute::Class,
            b"id" => Attribute::Id,
            b"color" => Attribute::Color,
            b"bgcolor" | b"background" => Attribute::Background,
            b"type" => Attribute::Type,
            b"hidden" => {
                tag.style.hidden = true;
                Attribute::Other
            }
            _ => Attribute::Other,
        };
    }

    fn value(&mut self, value: &str) {
        let Some(tag) = &mut self.tag else { return };
        match tag.attribute {
            Attribute::Style => apply_css(value, tag),
            Attribute::Class | Attribute::Id => {
                // A class may paint a background that we do not see.
                tag.style.backed = true;
                for name in value.split_ascii_whitespace() {
                    apply_name(name, tag);
                    let sigil = if tag.attribute == Attribute::Class { '.' } else { '#' };
                    tag.style.hidden |= self
                        .hidden_names
                        .iter()
                        .any(|hidden| hidden.strip_prefix(sigil) == Some(name));
                }
            }
            Attribute::Color => tag.style.white = is_white(value),
            Attribute::Background => tag.style.backed |= !is_white(value),
            Attribute::Type => tag.blockquote &= !value.eq_ignore_ascii_case("none"),
            Attribute::Other => {}
        }
    }

    /// The start tag is complete: the element begins.
    fn begin(&mut self) {
        let Some(tag) = self.tag.take() else { return };
        let mut style = tag.style;
        if tag.blockquote {
            style.quotes = style.quotes.saturating_add(1);
        }
        if !style.hidden {
            self.layout_start(tag.layout, style);
        }
        let holds_content = !matches!(tag.layout, Layout::Break | Layout::Rule | Layout::Void);
        if holds_content && self.stack.len() < DEPTH_MAX {
            self.stack.push(Element { key: tag.key, layout: tag.layout, style });
        }
    }

    fn layout_start(&mut self, layout: Layout, style: Style) {
        match layout {
            Layout::Block => self.block(Gap::Line),
            Layout::Paragraph => self.block(Gap::Paragraph),
            Layout::Row => {
                self.gap = self.gap.max(Gap::Line);
                self.row_has_text = false;
                self.cell_is_fresh = false;
            }
            Layout::Cell => {
                if self.row_has_text {
                    self.gap = Gap::Cell;
                }
                self.cell_is_fresh = true;
            }
            Layout::Break => self.line_break(),
            Layout::Rule => {
                self.gap = Gap::Paragraph;
                if !style.unseen() {
                    self.word("────────────────");
                }
                self.gap = Gap::Paragraph;
            }
            Layout::Inline | Layout::Unseen | Layout::Void => {}
        }
    }

    fn block(&mut self, gap: Gap) {
        if !(self.cell_is_fresh && self.gap >= Gap::Cell) {
            self.gap = self.gap.max(gap);
        }
    }

    fn line_break(&mut self) {
        self.gap = if self.gap >= Gap::Line { Gap::Paragraph } else { Gap::Line };
    }

    fn close(&mut self, name: &[u8]) {
        self.tag = None;
        if name == b"br" {
            // `</br>` is a line break in every browser.
            return self.line_break();
        }
        let key = key(name);
        let reach = self.stack.iter().rev().take(END_TAG_REACH);
        let Some(up) = reach.into_iter().position(|element| element.key == key) else { return };
        for _ in 0..=up {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(element) = self.stack.pop() else { return };
        if element.style.hidden {
            return;
        }
        match element.layout {
            Layout::Block | Layout::Row => self.block(Gap::Line),
            Layout::Paragraph => self.block(Gap::Paragraph),
            _ => {}
        }
    }

    fn string(&mut self, text: &str) {
        if self.stack.last().is_some_and(|element| element.key == key(b"style")) {
            self.sheet(text);
            return;
        }
        let style = self.style();
        if style.unseen() {
            return;
        }
        if style.preformatted {
            for (at, line) in text.split('\n').enumerate() {
                if at > 0 {
                    self.line_break();
                }
                let line = line.trim_end_matches('\r');
                if !line.trim().is_empty() {
                    self.word(line);
                }
            }
            return;
        }
        let white = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        for word in text.split_inclusive(white) {
            let bare = word.trim_end_matches(white);
            if !bare.is_empty() {
                self.word(bare);
            }
            if bare.len() < word.len() {
                let wraps = word.ends_with(['\n', '\r']);
                self.gap = self.gap.max(if wraps { Gap::Wrap } else { Gap::Space });
            }
        }
    }

    /// Writes a word behind the gap that is due.
    fn word(&mut self, word: &str) {
        // nbsp alone fills empty cells and lines; it is not a word.
        if word.trim_matches(|c: char| c == '\u{a0}' || scrub::is_invisible(c)).is_empty() {
            self.gap = self.gap.max(if word.contains('\u{a0}') { Gap::Space } else { Gap::None });
            return;
        }
        if self.page.text.len() + word.len() > self.max_bytes {
            self.page.truncated = true;
            return;
        }
        self.write_gap(word);
        self.row_has_text = true;
        self.cell_is_fresh = false;
        let spaces = |c: char| c == '\u{a0}' || c == '\r' || scrub::is_line_end(c);
        if word.contains(|c: char| spaces(c) || scrub::is_invisible(c)) {
            self.page.text.extend(word.chars().filter_map(|c| match c {
                c if spaces(c) => Some(' '),
                c => (!scrub::is_invisible(c)).then_some(c),
            }));
        } else {
            self.page.text.push_str(word);
        }
    }

    fn write_gap(&mut self, word: &str) {
        let style = self.style();
        let marks = Marks { depth: style.quotes, signature: style.signature };
        let gap = std::mem::take(&mut self.gap);
        let text = &mut self.page.text;
        if text.is_empty() {
            self.page.marks.push(marks);
            return;
        }
        match gap {
            Gap::None => {}
            Gap::Space => text.push(' '),
            Gap::Wrap => {
                let joins = text.chars().next_back().is_some_and(is_wide)
                    && word.chars().next().is_some_and(is_wide);
                if !joins {
                    text.push(' ');
                }
            }
            Gap::Cell => text.push('\t'),
            Gap::Line => {
                text.push('\n');
                self.page.marks.push(marks);
            }
            Gap::Paragraph => {
                text.push_str("\n\n");
                let before = self.page.marks.last().copied().unwrap_or(marks);
                let between = Marks {
                    depth: before.depth.min(marks.depth),
                    signature: before.signature && marks.signature,
                };
                self.page.marks.extend([between, marks]);
            }
        }
    }

    /// Remembers what a style sheet hides by class or id, outside of `@media` and its like.
    fn sheet(&mut self, css: &str) {
        let mut depth = 0_usize;
        let mut selectors = "";
        for piece in css.split_inclusive(['{', '}']) {
            let text = piece.trim_end_matches(['{', '}']);
            if piece.ends_with('{') {
                depth += 1;
                if depth == 1 {
                    selectors = text.rsplit("*/").next().unwrap_or(text).trim();
                }
            } else {
                if depth == 1 && !selectors.starts_with('@') && hides(text) {
                    self.hide(selectors);
                }
                depth = depth.saturating_sub(1);
            }
        }
    }

    fn hide(&mut self, selectors: &str) {
        for selector in selectors.split(',').map(str::trim) {
            let simple = selector.starts_with(['.', '#'])
                && !selector.contains([' ', '>', ':', '[', '+', '~']);
            if simple && self.hidden_names.len() < HIDDEN_NAMES_MAX {
                self.hidden_names.push(selector.to_owned());
            }
        }
    }

    fn end(mut self) -> Page {
        if !self.page.text.is_empty() {
            self.page.text.push('\n');
        }
        self.page
    }
}

fn matches_any(wanted: u64, names: &[&[u8]]) -> bool {
    names.iter().any(|name| key(name) == wanted)
}

/// Characters between which a line end of the source is no space (CSS Text 3 §4.1.3).
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3fffd}')
}

/// What well-known class names and ids mean.
fn apply_name(name: &str, tag: &mut Tag) {
    match name {
        // Gmail, Yahoo!, Proton, Thunderbird; Outlook on the Web.
        "gmail_quote" | "gmail_quote_container" if tag.blockquote => {}
        "gmail_quote"
        | "gmail_quote_container"
        | "yahoo_quoted"
        | "protonmail_quote"
        | "moz-cite-prefix"
        | "mail-editor-reference-message-container" => {
            tag.style.quotes = tag.style.quotes.saturating_add(1);
        }
        "gmail_signature"
        | "moz-signature"
        | "Signature"
        | "ms-outlook-mobile-signature"
        | "protonmail_signature_block"
        | "AppleMailSignature" => tag.style.signature = true,
        _ => {}
    }
}

/// The declarations of a `style` attribute, in order.
fn declarations(css: &str) -> impl Iterator<Item = (&str, &str)> {
    css.split(';').filter_map(|declaration| {
        let (property, value) = declaration.split_once(':')?;
        let value = value.trim();
        let value = value.split_once('!').map_or(value, |(value, _)| value.trim_end());
        Some((property.trim(), value))
    })
}

fn apply_css(css: &str, tag: &mut Tag) {
    let style = &mut tag.style;
    style.hidden |= hides(css);
    for (property, value) in declarations(css) {
        let is = |name: &str| property.eq_ignore_ascii_case(name);
        if is("font-size") || is("font") {
            if is("font-size") {
                style.tiny = is_zero(value) || value == "1px";
            }
        } else if is("visibility") {
            style.invisible = value.eq_ignore_ascii_case("hidden");
        } else if is("color") {
            style.white = is_white(value);
        } else if is("background") || is("background-color") || is("background-image") {
            style.backed |= !is_white(value) && !value.eq_ignore_ascii_case("transparent");
        } else if is("white-space") {
            style.preformatted =
                value.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("pre"));
        } else if is("border") && (is_zero(value) || value.eq_ignore_ascii_case("none")) {
            // Gmail's "indent more" is a blockquote without its bar.
            tag.blockquote = false;
        }
    }
}

/// Whether these declarations take an element out of sight, whatever is inside.
fn hides(css: &str) -> bool {
    let mut no_size = false;
    let mut clipped = false;
    for (property, value) in declarations(css) {
        let is = |name: &str| property.eq_ignore_ascii_case(name);
        let off_screen = || value.starts_with("-99") || value.starts_with("-100");
        if (is("display") && value.eq_ignore_ascii_case("none"))
            || (is("mso-hide") && value.eq_ignore_ascii_case("all"))
            || (is("opacity") && is_zero(value))
            || (is("max-height") && is_zero(value))
            || ((is("text-indent") || is("left") || is("top")) && off_screen())
        {
            return true;
        }
        no_size |= (is("height") || is("width") || is("max-width")) && is_zero(value);
        clipped |= is("overflow") && value.eq_ignore_ascii_case("hidden");
    }
    no_size && clipped
}

/// `0`, `0px`, `0.0em`, …
fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    !number.is_empty() && number.chars().all(|c| matches!(c, '0' | '.'))
}

fn is_white(value: &str) -> bool {
    let plain: String = value
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .take(24)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    matches!(
        plain.as_str(),
        "white"
            | "#fff"
            | "#ffffff"
            | "ffffff"
            | "#fefefe"
            | "rgb(255,255,255)"
            | "rgba(255,255,255,1)"
    )
}

#[cfg(test)]
mod tests {
    use super::{Page, render};

    fn seen(html: &str) -> String {
        render(html, 1 << 20).text.trim_end().to_owned()
    }

    #[test]
    fn blocks_and_breaks_make_lines_and_inline_tags_do_not_split_words() {
        assert_eq!(
            seen(
                "<p>次の<b>選</b><span>考</span>への<wbr>ご案&shy;内は</p><div>見&#8203;送<i>り</i></div>で<br>す<br><br>。"
            ),
            "次の選考へのご案内は\n\n見送り\nで\nす\n\n。",
        );
    }

    #[test]
    fn table_cells_stand_side_by_side_and_rows_below_each_other() {
        assert_eq!(
            seen(
                "<table><tr><td>日時</td><td>11月22日</td></tr><tr><th><p>場所</p></th><td><div>東京</div></td></tr></table>"
            ),
            "日時\t11月22日\n場所\t東京",
        );
    }

    #[test]
    fn list_items_stand_on_their_own_lines_even_unclosed() {
        assert_eq!(seen("<ul><li>一つ目<li>二つ目</ul>あと"), "一つ目\n二つ目\n\nあと");
    }

    #[test]
    fn a_source_line_end_joins_japanese_and_separates_english() {
        assert_eq!(
            seen("<p>採用を見\r\n送らせて\n  Dear\nSato さん</p>"),
            "採用を見送らせて Dear Sato さん"
        );
    }

    #[test]
    fn hidden_text_is_not_seen() {
        for hidden in [
            "<div style='display:none'>x<b>y</b></div>",
            "<div style='DISPLAY : none !important'>x</div>",
            "<span style='font-size:0px'>x</span>",
            "<span style='visibility:hidden'>x</span>",
            "<div style='max-height:0;overflow:hidden'>x</div>",
            "<div style='height:0;overflow:hidden'>x</div>",
            "<div style='opacity:0'>x</div>",
            "<div style='mso-hide:all'>x</div>",
            "<div hidden>x</div>",
            "<p style='color:#ffffff'>x</p>",
            "<font color=white>x</font>",
            "<style>.pre , #q{ display:none }</style><p class='a pre'>x</p>",
            "<style>p{color:red}.h{max-height:0}</style><p class=h>x</p>",
            "<script>x</script><title>x</title><style>x</style><template>x</template>",
            "<!-- x --><!--[if mso]>x<![endif]-->",
            "<p style='display:none'>x",
        ] {
            assert_eq!(seen(&format!("前{hidden}<p>後</p>")).replace('\n', ""), "前後", "{hidden}");
        }
    }

    #[test]
    fn what_only_looks_hidden_is_seen() {
        for visible in [
            "<td style='font-size:0'><div style='font-size:14px'>見</div></td>",
            "<a style='background:#07c;color:#fff'>見</a>",
            "<td bgcolor='#003366'><font color='#FFFFFF'>見</font></td>",
            "<style>.b{background:red}</style><a class=b style='color:white'>見</a>",
            "<style>@media print{.m{color:red}.n{display:none}}</style><p class=n>見</p>",
            "<div style='visibility:hidden'><p style='visibility:visible'>見</p></div>",
            "<p style='font-size:0.8em;line-height:0'>見</p>",
            "<p style='opacity:0.9;max-height:0.5em'>見</p>",
            "<![if !mso]>見<![endif]>",
            "<head><style>p{}</style><body>見",
            "<title></title>見",
        ] {
            assert_eq!(seen(visible), "見", "{visible}");
        }
    }

    #[test]
    fn entities_and_nbsp_are_what_they_stand_for() {
        assert_eq!(
            seen("田中&nbsp;太郎 &amp; &hearts;&#12372;&#x8B70;&zwnj;&lt;b&gt;"),
            "田中 太郎 & ♥ご議<b>"
        );
        assert_eq!(seen("<p>a</p><p>&nbsp;</p><p>b</p>"), "a\n\nb");
        assert_eq!(seen("a\u{b}b&#x85;c\u{2028}d&#7;<pre>e\u{c}f\rg</pre>"), "a b…c d\n\ne f\ng");
    }

    #[test]
    fn quotations_and_signatures_are_marked_line_by_line() {
        let html = "<div>新</div><div class=gmail_quote><div>On … wrote:</div><blockquote class=gmail_quote>旧<br><blockquote type=cite>旧旧</blockquote></blockquote></div><div class=moz-signature>署</div><blockquote style='margin:0 0 0 40px;border:none'>字下げ</blockquote>";
        let Page { text, marks, .. } = render(html, 1000);
        let lines: Vec<(&str, u16, bool)> = text
            .lines()
            .zip(marks)
            .filter(|(line, _)| !line.is_empty())
            .map(|(line, marks)| (line, marks.depth, marks.signature))
            .collect();
        assert_eq!(
            lines,
            [
                ("新", 0, false),
                ("On … wrote:", 1, false),
                ("旧", 2, false),
                ("旧旧", 3, false),
                ("署", 0, true),
                ("字下げ", 0, false),
            ],
        );
    }

    #[test]
    fn every_line_has_its_marks() {
        let page =
            render("<p>a<br><br>b<blockquote>c<p>d</blockquote><pre>e\n\n  f\n</pre>g", 1000);
        assert_eq!(page.text.lines().count(), page.marks.len(), "{:?}", page.text);
    }

    #[test]
    fn preformatted_text_keeps_its_lines_and_indents() {
        assert_eq!(seen("<pre>a\r\n  b c\n\nd</pre>"), "a\n  b c\n\nd");
    }

    #[test]
    fn deep_and_broken_markup_takes_linear_time() {
        for html in [
            "<div>".repeat(100_000),
            "<b></i>".repeat(100_000),
            "</p>".repeat(100_000),
            "<table><tr><td>".repeat(30_000),
            "<".repeat(100_000),
            "<a ".repeat(100_000),
        ] {
            render(&html, 1000);
        }
    }

    #[test]
    fn text_beyond_the_limit_is_left_out_and_marked() {
        let page = render(&"<p>日本語</p>".repeat(1000), 100);
        assert!(page.truncated);
        assert!(page.text.len() <= 101, "{}", page.text.len());
    }
}

// Package login analyzes sessions of Telnet (RFC 854), rlogin (RFC 1282) and rsh: their
// lines, the options of Telnet, and the dialogue in which a user logs in, which is guessed
// from lists of prompts and messages. It follows Zeek's src/analyzer/protocol/login.
package login

import (
	"bytes"
	"slices"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect/codec/contentline"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
)

// Options are limits, and the lists by which a login is recognized. In a text of a list .
// stands for any character, ? after a character makes it optional, and \ takes the
// character after it as it is.
type Options struct {
	Typeahead     int `key:"limits.login_typeahead" unit:"count" min:"1" doc:"lines that the user of a Telnet, rlogin or rsh session has typed and no login has used yet; more are a confused login (Zeek's MAX_USER_TEXT)"`
	TypeaheadSize int `key:"limits.login_typeahead_line_bytes" unit:"bytes" min:"1" doc:"bytes kept of such a line"`

	SkipAuthentication []string `key:"login.skip_authentication" doc:"texts in a line of a Telnet, rlogin or rsh server after which the session needs no login (skip_authentication)"`
	DirectPrompts      []string `key:"login.direct_prompts" doc:"texts in a login prompt that is not followed by a login (direct_login_prompts)"`
	Prompts            []string `key:"login.prompts" doc:"texts in a login prompt (login_prompts)"`
	NonFailures        []string `key:"login.non_failures" doc:"texts in a line that is not a failed login, though a text of login.failures is in it (login_non_failure_msgs)"`
	Failures           []string `key:"login.failures" doc:"texts in the line after a failed login (login_failure_msgs)"`
	Successes          []string `key:"login.successes" doc:"texts in the line after a login (login_success_msgs)"`
	Timeouts           []string `key:"login.timeouts" doc:"texts in the line that ends a login that took too long (login_timeouts)"`

	// Lines bounds the bytes of incomplete lines of Telnet that the shard holds; nil means
	// no bound.
	Lines *contentline.Budget
	// Compat has the effect of empty lists.
	Compat compat.Set
}

// DefaultOptions returns Zeek's limits, and the lists that Bro had before Zeek emptied them.
// Bro's "Sorry," is left out, because "Sorry." matches it.
func DefaultOptions() Options {
	return Options{
		Typeahead:          12,
		TypeaheadSize:      4096,
		SkipAuthentication: []string{"WELCOME TO THE BERKELEY PUBLIC LIBRARY"},
		DirectPrompts:      []string{"TERMINAL?"},
		Prompts: []string{
			"Login:", "login:", "Name:", "Username:", "User:", "Member Name", "User Access Verification",
			"Cisco Systems Console", "TERMINAL?",
		},
		NonFailures: []string{
			"Failures", "failures", "failure since last successful login", "failures since last successful login",
		},
		Failures: []string{
			"invalid", "Invalid", "incorrect", "Incorrect", "failure", "Failure", "User authorization failure",
			"Login failed", "INVALID", "Sorry.",
		},
		Successes: []string{
			"Last login", "Last successful login", "Last   successful login", "checking for disk quotas",
			"unsuccessful login attempts", "failure since last successful login", "failures since last successful login",
		},
		Timeouts: []string{"timeout", "timed out", "Timeout", "Timed out", "Error reading command input"},
	}
}

// State says what is known of a login (Zeek's login_state).
type State uint8

// States.
const (
	StateAuthenticate State = iota // the user is not logged in yet
	StateLoggedIn
	StateSkip     // the rest is not analyzed
	StateConfused // the login cannot be followed
)

// StateOf returns the state of c's login (Zeek's get_login_state). ok is false if c carries
// no Telnet, rlogin or rsh.
func StateOf(c event.Conn) (s State, ok bool) {
	if d := dialogueOf(c); d != nil {
		return d.state, true
	}
	return 0, false
}

// SetState sets the state of c's login (Zeek's set_login_state). It reports whether c
// carries Telnet, rlogin or rsh.
func SetState(c event.Conn, s State) bool {
	d := dialogueOf(c)
	if d != nil {
		d.state = s
	}
	return d != nil
}

func dialogueOf(c event.Conn) (d *dialogue) {
	if c, ok := c.(*conn.Conn); ok {
		c.EachAnalyzer(func(x conn.Analyzer) bool {
			if a, ok := x.(interface{ login() *dialogue }); ok {
				d = a.login()
			}
			return d == nil
		})
	}
	return d
}

const (
	// maxScanned is the number of the server's lines within which a prompt must come.
	maxScanned = 50
	// lookahead is the number of the server's lines after a prompt within which a failure
	// must come.
	lookahead = 10
)

// lists has what the factories of the protocols share.
type lists struct {
	hooks *event.LoginEvents
	opt   Options

	skip, direct, prompts, nonFailures, failures, successes, timeouts *texts
	clean                                                             []byte
}

func newLists(h *event.Hooks, o Options) *lists {
	l := &lists{hooks: &h.Login, opt: o}
	def := DefaultOptions()
	empty := o.Compat.Has(compat.LoginPrompts)
	set := func(list, def []string) *texts {
		if empty && slices.Equal(list, def) {
			list = nil
		}
		return newTexts(list, empty)
	}
	l.skip = set(o.SkipAuthentication, def.SkipAuthentication)
	l.direct = set(o.DirectPrompts, def.DirectPrompts)
	l.prompts = set(o.Prompts, def.Prompts)
	l.nonFailures = set(o.NonFailures, def.NonFailures)
	l.failures = set(o.Failures, def.Failures)
	l.successes = set(o.Successes, def.Successes)
	l.timeouts = set(o.Timeouts, def.Timeouts)
	return l
}

func (l *lists) failed(line []byte) bool { return l.failures.in(line) && !l.nonFailures.in(line) }

// prompt returns where the text after a login prompt begins in line, or -1.
func (l *lists) prompt(line []byte) int {
	end := l.prompts.end(line)
	if end == 0 || l.failed(line) {
		return -1
	}
	return min(end, len(line))
}

// dialogue follows the login of a session by its lines.
type dialogue struct {
	conn.Use
	l      *lists
	source string // name of the analyzer

	state State
	over  bool // nothing more is analyzed
	nul   bool // the weird about NUL has been raised
	vms   bool // the prompt is that of VMS, where a key repeats the user's name
	ploy  bool // the user has typed what only servers print

	scanned                 int // lines of the server that are not empty
	typed, typedAtFailure   int // lines of the user
	promptLine, failureLine int // in scanned
	text                    [][]byte
	first, n                int // of text, a ring
	user, client            []byte
	hasUser, hasClient      bool
	held                    int // bytes on the connection's account
}

func (d *dialogue) login() *dialogue { return d }

// reset prepares d for a new connection.
func (d *dialogue) reset(u conn.Use, l *lists, source string) {
	text, user, client := d.text, d.user[:0], d.client[:0]
	if len(text) != l.opt.Typeahead {
		text = make([][]byte, l.opt.Typeahead)
	}
	*d = dialogue{Use: u, l: l, source: source, text: text, user: user, client: client, typedAtFailure: -1}
}

// smallText is the capacity up to which buffers of text are kept and not accounted.
const smallText = 256

// release gives memory back at the end of a connection.
func (d *dialogue) release() {
	d.HoldState(-d.held)
	d.held = 0
	for i := range d.text {
		if cap(d.text[i]) > smallText {
			d.text[i] = nil
		}
	}
	if cap(d.user) > smallText {
		d.user = nil
	}
	if cap(d.client) > smallText {
		d.client = nil
	}
}

// store returns s cut to the size that is kept, in the memory of buf.
func (d *dialogue) store(buf, s []byte) []byte {
	if limit := d.l.opt.TypeaheadSize; len(s) > limit {
		d.Limited(d.source, "typeahead_line_size")
		s = s[:limit]
	}
	before := cap(buf)
	buf = append(buf[:0], s...)
	if n := cap(buf); n != before && n > smallText {
		if before > smallText {
			n -= before
		}
		d.HoldState(n)
		d.held += n
	}
	return buf
}

func (d *dialogue) setUser(s []byte) {
	d.user, d.hasUser = d.store(d.user, s), true
}

// setClient takes the user's name on the client's host.
func (d *dialogue) setClient(s []byte) {
	d.client, d.hasClient = d.store(d.client, s), true
}

// line takes a line of a side.
func (d *dialogue) line(isOrig bool, b []byte) {
	if bytes.IndexByte(b, 0) >= 0 {
		if !d.nul {
			d.nul = true
			d.Weird("NUL_in_line", "", d.source)
		}
		clean := d.l.clean[:0]
		for _, c := range b {
			if c != 0 {
				clean = append(clean, c)
			}
		}
		if b = clean; cap(clean) <= 1<<16 {
			d.l.clean = clean
		}
	}
	d.newLine(isOrig, b)
}

func (d *dialogue) newLine(isOrig bool, b []byte) {
	h := d.l.hooks
	if d.state == StateSkip {
		return
	}
	if isOrig {
		if e := h.InputLine.Begin(); e != nil {
			*e = event.LoginInputLine{Conn: d.Conn(), Line: b}
			h.InputLine.Raise(e)
		}
	} else if e := h.OutputLine.Begin(); e != nil {
		*e = event.LoginOutputLine{Conn: d.Conn(), Line: b}
		h.OutputLine.Raise(e)
	}
	if d.state == StateAuthenticate {
		c := d.Conn()
		if c.Orig().State != event.StatePartial && c.Resp().State != event.StatePartial {
			if isOrig {
				d.input(b)
			} else {
				d.output(b)
			}
			return
		}
		d.state = StateConfused
	}
	if d.state != StateConfused {
		return
	}
	if isOrig {
		d.isPloy(b)
		d.confusedText(b)
	} else if !d.ploy && d.l.successes.in(b) {
		d.succeeded(b, true)
	}
}

var vmsRepeat = []byte("\x1b[A") // cursor up

// input takes a line of a user who is not logged in yet.
func (d *dialogue) input(b []byte) {
	if d.vms {
		if i := bytes.Index(b, vmsRepeat); i >= 0 {
			switch {
			case i+len(vmsRepeat) < len(b):
				d.confused("extra_repeat_text", b)
			case !d.hasUser:
				d.confused("repeat_without_username", b)
			case bytes.Contains(d.user, vmsRepeat):
				d.confused("username_with_embedded_repeat", d.user)
			default:
				d.newLine(true, d.user)
			}
			return
		}
	}
	d.typed++
	if !d.isPloy(b) {
		d.add(b)
	}
}

// output takes a line of a server that has not let the user in yet.
func (d *dialogue) output(b []byte) {
	if isEmpty(b) {
		return
	}
	if d.scanned++; d.scanned > maxScanned && d.promptLine == 0 && d.failureLine == 0 {
		d.confused("no_login_prompt", b)
	}
	l := d.l
	prompt, timeout := l.prompt(b), l.timeouts.in(b)
	switch {
	case prompt >= 0 && !timeout && !l.successes.in(b):
		d.prompted(b, prompt)
	case timeout || l.failed(b):
		if d.typed > d.typedAtFailure {
			if timeout {
				d.add(timedOut)
			}
			d.failed(b)
		}
		// What the user has typed ahead is counted from here.
		d.promptLine, d.failureLine, d.typedAtFailure = d.scanned, d.scanned, d.typed
	case l.skip.in(b):
		if e := l.hooks.AuthenticationSkipped.Begin(); e != nil {
			*e = event.AuthenticationSkipped{Conn: d.Conn()}
			l.hooks.AuthenticationSkipped.Raise(e)
		}
		d.state, d.over = StateSkip, true
	case l.successes.in(b) || d.promptLine > 0 && d.scanned > d.promptLine+lookahead+d.n:
		d.succeeded(b, false)
	}
}

// prompted takes a line with a login prompt that ends at i. Each further prompt is assumed
// to answer an empty line that was typed ahead.
func (d *dialogue) prompted(b []byte, i int) {
	d.vms = bytes.Contains(b, []byte("Username:"))
	// A line of several prompts may come in pieces. After a failure promptLine is not that
	// of a prompt.
	split := d.promptLine == d.scanned-1 && d.promptLine != d.failureLine
	for {
		next := -1
		if i < len(b) {
			if next = d.l.prompt(b[i+1:]); next >= 0 {
				next += i + 1
			}
		}
		if next < 0 && !split {
			break
		}
		if d.n == 0 {
			d.confused("multiple_login_prompts", b)
			break
		}
		empty := isEmpty(d.pop())
		if split {
			break
		}
		if !empty {
			d.confused("non_empty_multi_login", b)
			break
		}
		i = next
	}
	if d.state == StateConfused {
		return
	}
	if user := bytes.TrimLeft(b[i:], spaces); len(user) > 0 && d.n == 0 {
		d.add(user)
	}
	d.promptLine = d.scanned
	if d.l.direct.in(b) {
		d.succeeded(b, true)
		d.over = true
	}
}

// end takes the end of a side.
func (d *dialogue) end() {
	if d.state == StateAuthenticate && d.n > 0 {
		d.succeeded([]byte("<EOF>"), true)
	}
}

var (
	none     = []byte("<none>")
	timedOut = []byte("<timeout>")
)

// credentials sets the user and returns the password, from what was typed. ok is false if
// the login is confused, because there is no user.
func (d *dialogue) credentials(line []byte, nobody bool) (password []byte, ok bool) {
	prompted := d.promptLine > d.failureLine
	if prompted {
		for d.n > 0 && isEmpty(d.text[d.first]) {
			d.pop()
		}
	}
	switch {
	case prompted && d.n > 0:
		d.setUser(d.pop())
	case !prompted && d.hasUser: // only the password was asked for again
	case nobody:
		d.setUser(none)
	case prompted:
		d.confused("no_username", line)
		return nil, false
	default:
		d.confused("no_username2", line)
		return nil, false
	}
	if d.n > 0 {
		return d.pop(), true
	}
	return none, true
}

func (d *dialogue) succeeded(line []byte, nobody bool) {
	if password, ok := d.credentials(line, nobody); ok {
		h := &d.l.hooks.Success
		if e := h.Begin(); e != nil {
			*e = event.LoginSuccess{Conn: d.Conn(), User: d.user, ClientUser: d.clientUser(), Password: password, Line: line}
			h.Raise(e)
		}
	}
	d.state = StateLoggedIn
}

func (d *dialogue) failed(line []byte) {
	if password, ok := d.credentials(line, false); ok {
		h := &d.l.hooks.Failure
		if e := h.Begin(); e != nil {
			*e = event.LoginFailure{Conn: d.Conn(), User: d.user, ClientUser: d.clientUser(), Password: password, Line: line}
			h.Raise(e)
		}
	}
}

func (d *dialogue) clientUser() []byte {
	if d.hasClient {
		return d.client
	}
	return nil
}

// confused ends the attempt to follow the login.
func (d *dialogue) confused(msg string, line []byte) {
	d.state = StateConfused
	h := &d.l.hooks.Confused
	if e := h.Begin(); e != nil {
		*e = event.LoginConfused{Conn: d.Conn(), Msg: msg, Line: line}
		h.Raise(e)
	}
	for d.n > 0 {
		d.confusedText(d.pop())
	}
	d.confusedText(line)
}

func (d *dialogue) confusedText(line []byte) {
	h := &d.l.hooks.ConfusedText
	if e := h.Begin(); e != nil {
		*e = event.LoginConfusedText{Conn: d.Conn(), Line: line}
		h.Raise(e)
	}
}

// isPloy reports whether the user has typed what a server would print, perhaps to mislead
// who is watching. The login is confused then.
func (d *dialogue) isPloy(b []byte) bool {
	l := d.l
	if l.prompt(b) < 0 && !l.failed(b) && !l.successes.in(b) && !l.skip.in(b) {
		return false
	}
	d.ploy = true
	d.confused("possible_login_ploy", b)
	return true
}

// add keeps a line that the user has typed.
func (d *dialogue) add(b []byte) {
	if d.n >= len(d.text) {
		d.Limited(d.source, "typeahead")
		d.confused("excessive_typeahead", b)
		return
	}
	at := &d.text[(d.first+d.n)%len(d.text)]
	*at = d.store(*at, b)
	d.n++
}

// pop returns the oldest line that the user has typed. It is valid until the next add.
func (d *dialogue) pop() []byte {
	b := d.text[d.first]
	d.first = (d.first + 1) % len(d.text)
	d.n--
	return b
}

const spaces = " \t\n\v\f\r"

func isEmpty(b []byte) bool { return len(bytes.TrimLeft(b, spaces)) == 0 }

// setEnv takes a variable of a side's environment (RFC 1572).
func (d *dialogue) setEnv(isOrig bool, name, val []byte) {
	h := d.l.hooks
	switch {
	case !isOrig:
		d.confused("responder_environment", name)
	case string(name) == "USER":
		if d.hasUser && !bytes.Equal(val, d.user) {
			d.confused("multiple_USERs", val)
		}
		d.setUser(val)
	case string(name) == "TERM":
		d.terminal(val)
	case string(name) == "DISPLAY":
		if e := h.Display.Begin(); e != nil {
			*e = event.LoginDisplay{Conn: d.Conn(), Display: val}
			h.Display.Raise(e)
		}
	case string(name) == "TTYPROMPT":
		if e := h.Prompt.Begin(); e != nil {
			*e = event.LoginPrompt{Conn: d.Conn(), Prompt: val}
			h.Prompt.Raise(e)
		}
	}
}

// terminal takes the type of the user's terminal.
func (d *dialogue) terminal(b []byte) {
	h := &d.l.hooks.Terminal
	if e := h.Begin(); e != nil {
		*e = event.LoginTerminal{Conn: d.Conn(), Terminal: b}
		h.Raise(e)
	}
}

// certain gives the connection its service, which Zeek never does.
func (d *dialogue) certain(service string) {
	if !d.Compat(compat.LoginService) {
		d.AddService(service)
	}
}

package logs

import (
	"bytes"
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// mysql builds mysql.log after Zeek's base/protocols/mysql: a row for each command and for
// the login, when it is answered, when the next command comes, or when the connection ends.
type mysql struct {
	states[mysqlState]
	out schemas.Emitter
	now func() value.Time

	rec    schemas.MySQL
	uidBuf []byte
}

// keptMySQLArg is the largest capacity of an argument's buffer that is reused.
const keptMySQLArg = 8 << 10

// A mysqlState is an unanswered command.
type mysqlState struct {
	ts  value.Time
	cmd string
	arg []byte
	// open is set while a command is pending.
	open bool
	held int // bytes of arg on the connection's account
}

// mysqlCommands are the names of commands by their numbers.
var mysqlCommands = []string{
	"sleep", "quit", "init_db", "query", "field_list", "create_db", "drop_db", "refresh", "shutdown", "statistics",
	"process_info", "connect", "process_kill", "debug", "ping", "time", "delayed_insert", "change_user", "binlog_dump",
	"table_dump", "connect_out", "register_slave", "stmt_prepare", "stmt_execute", "stmt_send_long_data", "stmt_close",
	"stmt_reset", "set_option", "stmt_fetch", "daemon", "binlog_dump_gtid", "reset_connection",
}

func mysqlCommand(n uint64) string {
	if n < uint64(len(mysqlCommands)) {
		return mysqlCommands[n]
	}
	return "unknown-" + strconv.FormatUint(n, 10)
}

func installMySQL(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &mysql{out: out, now: o.Now}
	b.init(h, b.ended)
	h.MySQL.Handshake.Listen(func(e *event.MySQLHandshake) {
		if s := b.state(e.Conn); !s.open {
			b.begin(s, "login", e.Username)
		}
	})
	h.MySQL.CommandRequest.Listen(b.command)
	h.MySQL.ChangeUser.Listen(func(e *event.MySQLChangeUser) {
		if s := b.known(e.Conn); s != nil {
			s.arg = append(s.arg[:0], e.Username...)
		}
	})
	h.MySQL.OK.Listen(func(e *event.MySQLOK) {
		b.answer(e.Conn, true, value.Some(e.AffectedRows), value.Opt[string]{})
	})
	h.MySQL.EOF.Listen(func(e *event.MySQLEOF) {
		if !e.IsIntermediate {
			b.answer(e.Conn, true, value.Some(uint64(0)), value.Opt[string]{})
		}
	})
	h.MySQL.Error.Listen(func(e *event.MySQLError) {
		b.answer(e.Conn, false, value.Opt[uint64]{}, value.Some(text(e.Msg)))
	})
}

func (b *mysql) state(c event.Conn) *mysqlState {
	s := b.known(c)
	if s != nil {
		return s
	}
	s = b.add(c)
	s.open = false
	return s
}

func (b *mysql) begin(s *mysqlState, cmd string, arg []byte) {
	s.ts, s.cmd, s.open = b.now(), cmd, true
	s.arg = append(s.arg[:0], arg...)
}

func (b *mysql) command(e *event.MySQLCommandRequest) {
	s := b.state(e.Conn)
	b.write(e.Conn, s, &schemas.MySQL{})
	b.begin(s, mysqlCommand(e.Command), bytes.TrimSuffix(e.Arg, []byte{0}))
	if n := cap(s.arg); n > keptMySQLArg {
		b.hold(e.Conn, n-s.held)
		s.held = n
	}
	if s.cmd == "quit" {
		b.write(e.Conn, s, &schemas.MySQL{})
	}
}

func (b *mysql) answer(c event.Conn, success bool, rows value.Opt[uint64], response value.Opt[string]) {
	if s := b.known(c); s != nil {
		b.write(c, s, &schemas.MySQL{Success: value.Some(success), Rows: rows, Response: response})
	}
}

// ended writes the unanswered command.
func (b *mysql) ended(c event.Conn, s *mysqlState) {
	b.write(c, s, &schemas.MySQL{})
}

// write writes the row of the pending command, if any.
func (b *mysql) write(c event.Conn, s *mysqlState, answer *schemas.MySQL) {
	if !s.open {
		return
	}
	s.open = false
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = *answer
	b.rec.TS, b.rec.UID, b.rec.ID = s.ts, text(b.uidBuf), Endpoints(&id)
	b.rec.Cmd, b.rec.Arg = s.cmd, text(s.arg)
	b.out.Emit(&b.rec)
	if cap(s.arg) > keptMySQLArg {
		s.arg = nil
	}
	if s.held != 0 {
		b.hold(c, -s.held)
		s.held = 0
	}
}

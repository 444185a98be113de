package logs

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// statusMoreProcessing is the status of commands without a row
// (SMB::ignored_command_statuses).
const statusMoreProcessing = 0xc0000016

// writeCmd emits the row of the current command.
func (b *smb) writeCmd(s *smbState) {
	c := s.cmd
	if !b.cmds || c.status == statusMoreProcessing {
		return
	}
	f := b.cmdFile(s)
	b.text[0] = s.uid.Append(b.text[0][:0])
	uid, id := text(b.text[0]), Endpoints(&s.id)
	b.rec.cmd = schemas.SMBCmd{
		TS: c.ts, UID: uid, ID: id,
		Command: c.command, SubCommand: someText(c.sub), Argument: c.argument,
		Status: value.Some(ntStatus(c.status)), Version: c.version,
		RTT:  value.Some(value.Interval(c.answer.Seconds() - c.ts.Seconds())),
		Tree: someText(c.treePath), TreeService: someText(c.treeService),
		ReferencedFile: schemas.SMBFile{
			TS: value.Some(f.ts), UID: value.Some(uid), ID: value.Some(id),
			FUID: b.fuid(f), Action: value.Opt[value.Enum]{V: f.action, OK: f.action != ""},
			Path: f.path, Name: f.name, FileSize: value.Some(f.size), PrevName: f.prevName, Times: f.columns(),
		},
	}
	b.out.Emit(&b.rec.cmd)
}

// ntstatus.txt has the status codes of Windows (MS-ERREF section 2.3.1), and the DOS codes
// that SMB1 uses instead (MS-CIFS section 2.2.2.4), under Zeek's names.
//
//go:embed ntstatus.txt
var ntStatusList string

// ntStatusNames maps codes to names.
var ntStatusNames = sync.OnceValue(func() map[uint32]string {
	m := make(map[uint32]string, 2000)
	for line := range strings.Lines(ntStatusList) {
		code, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if n, err := strconv.ParseUint(code, 16, 32); err == nil {
			m[uint32(n)] = name
		}
	}
	return m
})

// ntStatus returns the name of a status code.
func ntStatus(code uint32) string {
	if name, ok := ntStatusNames()[code]; ok {
		return name
	}
	return "unknown-" + strconv.FormatUint(uint64(code), 10)
}

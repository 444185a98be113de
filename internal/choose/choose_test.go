package choose_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/choose"
)

func TestPick(t *testing.T) {
	n := choose.Names{
		What: "log", All: []string{"conn", "dns", "smb_cmd", "smb_files", "smb_mapping", "telnet"},
		Default: []string{"conn", "dns", "smb_files", "smb_mapping"},
		Groups:  []string{"smb", "pop3"},
		Several: func(name string) ([]string, error) {
			switch name {
			case "smb":
				return []string{"smb_files", "smb_mapping"}, nil
			case "pop3":
				return nil, errors.New("pop3 has no log")
			}
			return nil, nil
		},
	}
	within := n
	within.Wide = []string{"conn", "smb_files"}
	for _, c := range []struct {
		n        *choose.Names
		list     string
		want     string
		err      string
		changing bool
	}{
		{&n, "", "conn dns smb_files smb_mapping", "", true},
		{&n, "default", "conn dns smb_files smb_mapping", "", true},
		{&n, "dns,conn", "dns conn", "", false},
		{&n, "DNS", "dns", "", false},
		{&n, "conn,conn", "conn", "", false},
		{&n, "none", "", "", false},
		{&n, "all", "conn dns smb_cmd smb_files smb_mapping telnet", "", false},
		{&n, "all,-dns,!conn", "smb_cmd smb_files smb_mapping telnet", "", false},
		{&n, "+telnet", "conn dns smb_files smb_mapping telnet", "", true},
		{&n, "+telnet,-dns", "conn smb_files smb_mapping telnet", "", true},
		{&n, "!dns", "conn smb_files smb_mapping", "", true},
		{&n, "-telnet", "conn dns smb_files smb_mapping", "", true},
		{&n, "conn,+dns", "conn dns", "", false},
		{&n, "default,telnet", "conn dns smb_files smb_mapping telnet", "", true},
		{&n, "none,+dns", "dns", "", false},
		{&n, "smb", "smb_files smb_mapping", "", false},
		{&n, "+smb_cmd,-smb", "conn dns smb_cmd", "", true},
		{&n, "smb_*", "smb_cmd smb_files smb_mapping", "", false},
		{&n, "-smb_[fm]*", "conn dns", "", true},
		{&n, "con", "", `unknown log "con"; did you mean conn?`, false},
		{&n, "smbb", "", `unknown log "smbb"; did you mean smb?`, false},
		{&n, "-con", "", `unknown log "con"; did you mean conn?`, true},
		{&n, "pop3", "", "pop3 has no log", false},
		{&n, "x*", "", `no log matches "x*"`, false},
		{&n, "[", "", `"[" is not a glob pattern`, false},
		{&n, "-dns,conn", "", `"conn" after "-dns"`, true},
		{&n, "conn,none", "", `"none" is not for lists of several`, false},
		{&n, "-none", "", `"-none" is not for lists of several`, true},
		{&n, "+", "", "a log without a name", true},
		{&within, "all", "conn smb_files", "", false},
		{&within, "smb", "smb_files", "", false},
		{&within, "telnet", "telnet", "", false},
	} {
		var list []string
		if c.list != "" {
			list = strings.Split(c.list, ",")
		}
		got, err := c.n.Pick(list)
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: error %v, want %q", c.list, err, c.err)
		case c.err == "" && (err != nil || strings.Join(got, " ") != c.want):
			t.Errorf("%q: %q, %v, want %q", c.list, got, err, c.want)
		}
		if choose.Changes(list) != c.changing {
			t.Errorf("%q: changes the default: %v", c.list, !c.changing)
		}
	}
}

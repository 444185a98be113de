package pipeline

import (
	"strings"
	"testing"
)

// TestModbusLogs writes the Modbus logs that are not written by default.
func TestModbusLogs(t *testing.T) {
	const capture = "../testdata/modbus.pcap"
	names := []string{"known_modbus", "modbus_register_change"}
	out := runOn(t, []string{capture}, nil)
	for _, name := range names {
		if _, ok := out.files[name+".log"]; ok {
			t.Errorf("%s.log is written without being asked for", name)
		}
	}
	out = runOn(t, []string{capture}, func(o *Options) { o.OptionalLogs = names })
	if out.err != nil {
		t.Fatal(out.err)
	}
	for name, want := range map[string][]string{
		"known_modbus.log": {"\t10.77.0.1\tKnown::MODBUS_MASTER\n", "\t10.77.0.2\tKnown::MODBUS_SLAVE\n"},
		// Registers 11 to 13 of the first unit are written between two reads; the second
		// unit has other registers at the same addresses.
		"modbus_register_change.log": {"\t11\t1010\t4711\t", "\t12\t1011\t1\t", "\t13\t1012\t65535\t", "\t11\t4711\t"},
	} {
		got := out.files[name]
		for _, s := range want {
			if strings.Count(got, s) != 1 {
				t.Errorf("%s has not one row with %q:\n%s", name, s, got)
			}
		}
	}
}

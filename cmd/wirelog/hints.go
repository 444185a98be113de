package main

import (
	"fmt"
	"net"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wirelog/wirelog/config"
)

const liveHint = `"wirelog listen IFACE" captures live`

// otherFlags are letters of flags of Zeek and tcpdump, with what serves here.
var otherFlags = map[string]string{
	"r": `captures are arguments: "wirelog read FILE..."`,
	"i": liveHint,
	"w": `the logs go to a folder, --output-dir; packets are not written again`,
	"e": `there are no scripts: "wirelog config" lists the keys that settings have here`,
	"s": `there are no signature files`,
	"j": `the folder of the logs is --output-dir, JSON is --format json`,
	"n": `names are never looked up`,
	"b": `there are no scripts to leave out: --analyzers and --logs choose what is done`,
	"t": `there are no scripts to trace: --events writes what they would see`,
	"N": `"wirelog schema" lists the logs, "wirelog events" the events`,
	"G": `see rotate of an output in "wirelog config"`,
	"v": `"wirelog --version" prints the version`,
	"V": `"wirelog --version" prints the version`,
}

// flagHint says what serves instead of a flag that cmd does not have, or "".
func flagHint(cmd *cobra.Command, unknown *pflag.NotExistError) string {
	name := unknown.GetSpecifiedName()
	if cmd.HasParent() || cmd.Name() == "" {
		return otherFlags[name]
	}
	if hint := otherFlags[name]; hint != "" {
		return hint
	}
	for _, c := range cmd.Commands() {
		if c.Name() != "read" {
			continue
		}
		if f := c.Flags().Lookup(name); f != nil || len(name) == 1 && c.Flags().ShorthandLookup(name) != nil {
			return fmt.Sprintf(`flags follow a command: "wirelog read %s"`, dashed(name))
		}
	}
	return ""
}

// dashed returns a flag as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// zeekScripts are scripts and packages of Zeek with the flags that do the same, by the end
// of their names.
var zeekScripts = map[string]string{
	"community-id-logging": "--columns community-id", "community-id": "--columns community-id",
	"mac-logging": "--columns mac-logging", "vlan-logging": "--columns vlan-logging",
	"ja3": "--columns ja3", "ja4": "--columns ja4", "hassh": "--columns hassh",
	"validate-certs": "--columns validation --root-certs system",
	"json-logs":      "--format json", "json-streaming-logs": "an output of type json with streaming",
	"hash-all-files": "--hash md5,sha1", "extract-all-files": "--extract '*/*'",
	"known-masters-slaves": "--logs +known_modbus", "track-memmap": "--logs +modbus_register_change",
	"log-cmds": "--logs +smb_cmd", "zeek-kafka": "--kafka HOST:PORT", "log-filter": "where of an output",
	"dump-events": "--events FILE",
}

var (
	zeekSetting = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*::[A-Za-z_][A-Za-z0-9_]*)\+?=(.*)$`)
	zeekFolders = []string{"base/", "policy/", "protocols/", "frameworks/", "tuning/", "misc/", "site/", "packages/", "integration/"}
)

// zeekArgument says what serves instead of an argument that Zeek takes beside captures: a
// script or a setting. It is "" for other arguments.
func zeekArgument(arg string) string {
	if m := zeekSetting.FindStringSubmatch(arg); m != nil {
		return "settings of Zeek have flags and keys here: " + settingHint(m[1], m[2])
	}
	name := strings.TrimSuffix(strings.TrimSuffix(arg, ".zeek"), ".bro")
	script := name != arg || arg == "local" || arg == "packages"
	for _, f := range zeekFolders {
		script = script || strings.HasPrefix(arg, f)
	}
	hint := zeekScripts[path.Base(name)]
	switch {
	case hint != "" && (script || !strings.Contains(arg, ".")):
		return "there are no scripts: " + hint + " does the same"
	case script:
		return `there are no scripts: "wirelog config" lists the keys of wirelog.yaml, which stands for local.zeek`
	}
	return ""
}

// zeekSettings are settings of Zeek that no key's documentation names.
var zeekSettings = map[string]string{
	"LogAscii::use_json": "--format json", "LogAscii::json_timestamps": "--json-timestamps",
	"Log::default_logdir": "--output-dir", "Log::default_writer": "--format",
	"Log::default_rotation_postprocessor_cmd": "command of an output", "LogAscii::gzip_level": "compress of an output",
	"LogAscii::output_to_stdout": "--output -", "FileExtract::prefix": "--extract-dir",
	"Site::private_address_space": "--local-nets",
}

// settingHint names what has the role of a setting of Zeek.
func settingHint(name, value string) string {
	if hint := zeekSettings[name]; hint != "" {
		if hint == "--json-timestamps" {
			return hint + " epoch, millis or iso8601"
		}
		return hint
	}
	if key := config.KeyOf(name, value); key != "" {
		return key
	}
	return `"wirelog config" lists them`
}

// checkCaptures returns an error with a hint for an argument that is no capture but means
// something elsewhere.
func checkCaptures(args []string) error {
	for _, arg := range args {
		if _, err := os.Stat(arg); arg == "-" || err == nil {
			continue
		}
		if arg == "" {
			return fmt.Errorf("read: the name of a capture is empty")
		}
		if hint := zeekArgument(arg); hint != "" {
			return fmt.Errorf("read: %q is not a capture: %s", arg, hint)
		}
		if _, err := net.InterfaceByName(arg); err == nil {
			return fmt.Errorf("read: %q is an interface, not a capture: %s", arg, liveHint)
		}
	}
	return nil
}

// commandHint says what serves instead of a command that there is not, or "".
func commandHint(args []string) string {
	if hint := zeekArgument(args[0]); hint != "" {
		return ": " + hint
	}
	if _, err := os.Stat(args[0]); err == nil {
		return fmt.Sprintf(`: to read a capture: "wirelog read %s"`, strings.Join(args, " "))
	}
	return ""
}

package logs

import (
	_ "embed"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// dcerpcnames.txt has the names of interfaces and operations of DCE/RPC.
//
//go:embed dcerpcnames.txt
var dceRPCNames string

// dceUUID is a UUID as it is on the wire, in little-endian order (MS-DTYP section 2.3.4.2).
type dceUUID [16]byte

// dceOrder are the bytes of a UUID in the order of its text.
var dceOrder = [...]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}

// append appends u as text.
func (u *dceUUID) append(dst []byte) []byte {
	for i, at := range dceOrder {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, u[at:at+1])
	}
	return dst
}

// A dceInterface is an interface with the names of its operations, empty for those without
// one.
type dceInterface struct {
	name       string
	operations []string
}

// dceInterfaces reads dceRPCNames: a line a UUID and the interface's name, followed by an
// indented line an operation with its number and name.
var dceInterfaces = sync.OnceValue(func() map[dceUUID]*dceInterface {
	m := make(map[dceUUID]*dceInterface, 256)
	var last *dceInterface
	for line := range strings.Lines(dceRPCNames) {
		line = strings.TrimSuffix(line, "\n")
		key, name, _ := strings.Cut(strings.TrimPrefix(line, "\t"), " ")
		switch {
		case strings.HasPrefix(line, "#"):
		case line[0] == '\t':
			n, err := strconv.ParseUint(key, 10, 8)
			if err != nil {
				panic("dcerpcnames.txt: " + line)
			}
			if grow := int(n) + 1 - len(last.operations); grow > 0 {
				last.operations = slices.Grow(last.operations, grow)[:n+1]
			}
			last.operations[n] = name
		default:
			b, err := hex.DecodeString(strings.ReplaceAll(key, "-", ""))
			if err != nil || len(b) != 16 {
				panic("dcerpcnames.txt: " + line)
			}
			var u dceUUID
			for i, at := range dceOrder {
				u[at] = b[i]
			}
			last = &dceInterface{name: name}
			m[u] = last
		}
	}
	return m
})

// The interfaces that are behind pipes whose binding was not seen.
var dcePipes = sync.OnceValue(func() map[string]dceUUID {
	m := map[string]dceUUID{}
	for u, i := range dceInterfaces() {
		switch i.name {
		case "winreg", "spoolss", "srvsvc":
			m[i.name] = u
		}
	}
	return m
})

// dcePipe is the interface behind the pipe with that name, which may have its directory
// before it.
func dcePipe(name string) (u dceUUID, ok bool) {
	const dir = `\pipe\`
	name = strings.ToLower(name)
	if _, after, found := strings.Cut(name, dir); found {
		name, _, _ = strings.Cut(after, dir)
	}
	u, ok = dcePipes()[name]
	return u, ok
}

// dceIgnored reports whether an operation is called often and says little, so that it has no
// row (Zeek's DCE_RPC::ignored_operations).
func dceIgnored(endpoint, operation string) bool {
	switch endpoint {
	case "winreg":
		switch operation {
		case "BaseRegCloseKey", "BaseRegGetVersion", "BaseRegOpenKey", "BaseRegQueryValue",
			"BaseRegDeleteKeyEx", "OpenLocalMachine", "BaseRegEnumKey", "OpenClassesRoot":
			return true
		}
	case "spoolss":
		return operation == "RpcSplOpenPrinter" || operation == "RpcClosePrinter"
	case "wkssvc":
		return operation == "NetrWkstaGetInfo"
	}
	return false
}

package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Columns that hold identifiers of connections and of files.
var (
	uidColumns  = []string{"uid", "uids", "conn_uids", "tunnel_parents", "parent_uid"}
	fuidColumns = []string{
		"fuid", "fuids", "orig_fuids", "resp_fuids", "cert_chain_fuids", "client_cert_chain_fuids", "parent_fuid", "file_fuid",
		"client_cert_fuid", "server_cert_fuid", "id",
	}
)

// canonical replaces identifiers, which are random, by what they stand for: which
// connection between its endpoints, which file of its connection. It also sorts sets.
func canonical(logs map[string]*table, sets map[string]map[string]bool) {
	uids, fuids := connections(logs), map[string]string(nil)
	if t := logs["files"]; t != nil {
		fuids = filesOf(t, uids)
	}
	for name, t := range logs {
		for i, column := range t.columns {
			set := sets[name][column] || name == "conn" && column == "service"
			var ids map[string]string
			switch {
			case slices.Contains(uidColumns, column):
				ids = uids
			case slices.Contains(fuidColumns, column):
				ids = fuids
			}
			if !set && ids == nil {
				continue
			}
			for _, row := range t.rows {
				if i < len(row) {
					row[i] = replaced(row[i], column, ids, set)
				}
			}
		}
	}
}

func replaced(cell, column string, ids map[string]string, set bool) string {
	if cell == unset || cell == empty {
		return cell
	}
	parts := strings.Split(cell, ",")
	if ids != nil {
		for i, p := range parts {
			if to, ok := ids[p]; ok {
				parts[i] = to
			} else if column != "id" { // names a file in ocsp and pe, but may be anything elsewhere
				parts[i] = "<unknown>"
			}
		}
	}
	if set {
		slices.Sort(parts)
	}
	return strings.Join(parts, ",")
}

// endpoints returns the endpoints of a row as text.
func endpoints(t *table, row []string, proto string) string {
	return fmt.Sprintf("%s:%s>%s:%s%s", t.get(row, "id.orig_h"), t.get(row, "id.orig_p"), t.get(row, "id.resp_h"), t.get(row, "id.resp_p"), proto)
}

// connections maps uids to endpoints and a number among the connections between them.
func connections(logs map[string]*table) map[string]string {
	uids := make(map[string]string)
	if t := logs["conn"]; t != nil {
		seen := make(map[string]int)
		for _, row := range byTime(t) {
			name := endpoints(t, row, "/"+t.get(row, "ip_proto"))
			uids[t.get(row, "uid")] = fmt.Sprintf("<%s#%d>", name, seen[name])
			seen[name]++
		}
	}
	for _, t := range logs {
		if _, ok := t.index["id.orig_h"]; !ok {
			continue
		}
		for _, row := range t.rows {
			if uid := t.get(row, "uid"); uids[uid] == "" && t.get(row, "id.orig_h") != unset {
				uids[uid] = "<" + endpoints(t, row, "") + ">"
			}
		}
	}
	delete(uids, unset)
	return uids
}

// filesOf maps fuids to connection, protocol, and a number among the files there.
func filesOf(t *table, uids map[string]string) map[string]string {
	fuids, seen := make(map[string]string), make(map[string]int)
	for _, row := range byTime(t) {
		uid := t.get(row, "uid")
		if uid == unset {
			uid = t.get(row, "conn_uids")
		}
		name := uids[uid] + " " + t.get(row, "source")
		fuids[t.get(row, "fuid")] = fmt.Sprintf("<file of %s#%d>", name, seen[name])
		seen[name]++
	}
	delete(fuids, unset)
	return fuids
}

// byTime returns the rows by time, and those of the same time by properties of a file.
func byTime(t *table) [][]string {
	rows := slices.Clone(t.rows)
	slices.SortStableFunc(rows, func(a, b []string) int {
		x, _ := strconv.ParseFloat(t.get(a, "ts"), 64)
		y, _ := strconv.ParseFloat(t.get(b, "ts"), 64)
		order := cmp.Compare(x, y)
		for _, column := range []string{"source", "is_orig", "depth"} {
			order = cmp.Or(order, cmp.Compare(t.get(a, column), t.get(b, column)))
		}
		return order
	})
	return rows
}

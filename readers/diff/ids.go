package diff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// Columns that hold identifiers of connections and of files.
var (
	uidColumns  = []string{"uid", "uids", "conn_uids", "tunnel_parents", "parent_uid"}
	fuidColumns = []string{
		"fuid", "fuids", "orig_fuids", "resp_fuids", "cert_chain_fuids", "client_cert_chain_fuids", "parent_fuid", "file_fuid",
		"client_cert_fuid", "server_cert_fuid", "id",
	}
)

// Identifiers are random, so each is replaced by what it stands for: which connection
// between its endpoints, which file of its connection. The names are found by sorting
// rather than in tables, because there may be more of them than fit into memory.

// endpoints appends the endpoints of a row as text.
func endpoints(dst []byte, t *table, row cells) []byte {
	return fmt.Appendf(dst, "%s:%s>%s:%s", t.get(row, "id.orig_h"), t.get(row, "id.orig_p"), t.get(row, "id.resp_h"), t.get(row, "id.resp_p"))
}

// byTime appends a key that sorts by time, and rows of the same time by properties of a
// file.
func byTime(dst []byte, t *table, row cells) []byte {
	dst = sortable(dst, t.get(row, "ts"))
	for _, column := range []string{"source", "is_orig", "depth"} {
		dst = append(append(dst, t.get(row, column)...), 0)
	}
	return dst
}

// each calls f with each row, valid during the call, and its number.
func (t *table) each(f func(n int, row cells)) {
	n := 0
	var row cells
	t.rows.each(func(b []byte) bool {
		row = decode(b, row)
		f(n, row)
		n++
		return true
	})
}

// Ranks of names: the lowest counts.
const (
	rankConn   = iota // from conn, with a number among the connections between the endpoints
	rankOthers        // from another log
)

// connections returns the names of connections, by uid: endpoints and a number among the
// connections between them.
func (s *side) connections() *spool {
	uids := s.temp.sorter() // uid: rank, name
	if t := s.tables["conn"]; t != nil {
		order := s.temp.sorter() // name, time: name, uid
		var key, data []byte
		t.each(func(_ int, row cells) {
			key = endpoints(key[:0], t, row)
			key = append(append(key, '/'), t.get(row, "ip_proto")...)
			data = binary.AppendUvarint(data[:0], uint64(len(key)))
			data = append(append(data, key...), t.get(row, "uid")...)
			order.add(byTime(append(key, 0), t, row), data)
		})
		numbered(order, func(name []byte, n int, uid []byte) {
			data = fmt.Appendf(append(data[:0], rankConn), "<%s#%d>", name, n)
			uids.add(uid, data)
		})
	}
	for _, log := range s.names() {
		t := s.tables[log]
		if _, ok := t.index["id.orig_h"]; !ok || log == "conn" {
			continue
		}
		var last, data []byte
		t.each(func(_ int, row cells) {
			uid := t.get(row, "uid")
			if string(t.get(row, "id.orig_h")) == unset || bytes.Equal(uid, last) {
				return
			}
			last = append(last[:0], uid...)
			data = append(endpoints(append(data[:0], rankOthers, '<'), t, row), '>')
			uids.add(uid, data)
		})
	}
	names := &spool{temp: s.temp}
	best(uids, func(uid, name []byte) { addName(names, uid, name) })
	return names
}

// numbered numbers the pairs of a sorter, whose data is a name with its length before it
// and an identifier, among those of the same name.
func numbered(s *sorter, f func(name []byte, n int, id []byte)) {
	var last []byte
	n := 0
	for c := s.sorted(); c.ok; c.next() {
		size, used := binary.Uvarint(c.data)
		name, id := c.data[used:used+int(size)], c.data[used+int(size):]
		if n > 0 && !bytes.Equal(name, last) {
			n = 0
		}
		last = append(last[:0], name...)
		f(name, n, id)
		n++
	}
}

// best passes on each key, but not unset, with the data of the lowest rank: the last one
// from conn, the first one from others.
func best(s *sorter, f func(key, name []byte)) {
	var key, name []byte
	rank := byte(0)
	have := false
	end := func() {
		if have && string(key) != unset {
			f(key, name)
		}
	}
	for c := s.sorted(); c.ok; c.next() {
		if r := c.data[0]; !have || !bytes.Equal(key, c.key) {
			end()
			have, key, name, rank = true, append(key[:0], c.key...), append(name[:0], c.data[1:]...), r
		} else if r < rank || r == rank && r == rankConn {
			name, rank = append(name[:0], c.data[1:]...), r
		}
	}
	end()
}

// addName adds an identifier and its name.
func addName(to *spool, id, name []byte) {
	b := binary.AppendUvarint(make([]byte, 0, len(id)+len(name)+4), uint64(len(id)))
	to.add(append(append(b, id...), name...))
}

// join calls f with the pairs of a sorter whose keys are identifiers, and their names,
// which are in the order of identifiers; nil is an unknown one.
func join(c *cursor, names *spool, f func(c *cursor, name []byte)) {
	names.each(func(b []byte) bool {
		size, used := binary.Uvarint(b)
		id, name := b[used:used+int(size)], b[used+int(size):]
		for c.ok {
			d := bytes.Compare(c.key, id)
			if d > 0 {
				break
			}
			if d < 0 {
				f(c, nil)
			} else {
				f(c, name)
			}
			c.next()
		}
		return c.ok
	})
	for ; c.ok; c.next() {
		f(c, nil)
	}
}

// filesOf returns the names of files, by fuid: connection, protocol, and a number among
// the files there.
func (s *side) filesOf(uids *spool) *spool {
	names := &spool{temp: s.temp}
	t := s.tables["files"]
	if t == nil {
		return names
	}
	byUID := s.temp.sorter() // uid: source, time, fuid
	var data []byte
	t.each(func(_ int, row cells) {
		uid := t.get(row, "uid")
		if string(uid) == unset {
			uid = t.get(row, "conn_uids")
		}
		data = cells{t.get(row, "source"), byTime(nil, t, row), t.get(row, "fuid")}.appendTo(data[:0])
		byUID.add(uid, data)
	})
	order := s.temp.sorter() // name, time: name, fuid
	var parts cells
	var key []byte
	join(byUID.sorted(), uids, func(c *cursor, name []byte) {
		parts = decode(c.data, parts)
		key = append(append(append(key[:0], name...), ' '), parts[0]...)
		data = binary.AppendUvarint(data[:0], uint64(len(key)))
		data = append(append(data, key...), parts[2]...)
		order.add(append(append(key, 0), parts[1]...), data)
	})
	fuids := s.temp.sorter()
	numbered(order, func(name []byte, n int, fuid []byte) {
		data = fmt.Appendf(append(data[:0], rankConn), "<file of %s#%d>", name, n)
		fuids.add(fuid, data)
	})
	best(fuids, func(fuid, name []byte) { addName(names, fuid, name) })
	return names
}

// A reference is where an identifier is: in which log, row, column and part of a list.
func reference(dst []byte, log, row, column, part int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(log))
	dst = binary.BigEndian.AppendUint64(dst, uint64(row))
	dst = binary.BigEndian.AppendUint16(dst, uint16(column))
	return binary.BigEndian.AppendUint32(dst, uint32(part))
}

// unknown stands for an identifier that no log explains.
var unknown = []byte("<unknown>")

// replacements returns a cursor at the names of the identifiers in all rows, by reference.
func (s *side) replacements() *cursor {
	uids := s.connections()
	fuids := s.filesOf(uids)
	out := s.temp.sorter() // reference: name
	for _, kind := range []struct {
		columns []string
		names   *spool
	}{{uidColumns, uids}, {fuidColumns, fuids}} {
		if kind.names == fuids && s.tables["files"] == nil {
			continue // nothing is known about files
		}
		ids := s.temp.sorter() // identifier: reference
		var ref []byte
		for log, name := range s.names() {
			t := s.tables[name]
			var at []int
			for i, column := range t.columns {
				if slices.Contains(kind.columns, column) {
					at = append(at, i)
				}
			}
			if len(at) == 0 {
				continue
			}
			t.each(func(n int, row cells) {
				for _, i := range at {
					if i >= len(row) || string(row[i]) == unset || string(row[i]) == empty {
						continue
					}
					part := 0
					for id := range bytes.SplitSeq(row[i], []byte(",")) {
						ref = reference(ref[:0], log, n, i, part)
						ids.add(id, ref)
						part++
					}
				}
			})
		}
		idColumn := s.columnsNamed("id")
		join(ids.sorted(), kind.names, func(c *cursor, name []byte) {
			if name == nil {
				// The column id names a file in ocsp and pe, but may be anything elsewhere.
				if at, ok := idColumn[binary.BigEndian.Uint16(c.data)]; ok && at == binary.BigEndian.Uint16(c.data[10:]) {
					return
				}
				name = unknown
			}
			out.add(c.data, name)
		})
		kind.names.free()
	}
	return out.sorted()
}

// A canonical passes on rows with their identifiers replaced and their sets sorted.
type canonical struct {
	side  *side
	names *cursor
	sets  map[string]map[string]bool
}

// each calls f with the rows of a log, valid during the call, and frees the log. It must
// be called for all logs of the side, in the order of their names.
func (c *canonical) each(log string, f func(n int, row cells)) {
	t := c.side.tables[log]
	if t == nil {
		return
	}
	number := slices.Index(c.side.names(), log)
	set := make([]bool, len(t.columns))
	for i, column := range t.columns {
		set[i] = c.sets[log][column] || log == "conn" && column == "service"
	}
	var prefix []byte
	var parts cells
	t.each(func(n int, row cells) {
		for i := range row {
			prefix = reference(prefix[:0], number, n, i, 0)
			prefix = prefix[:len(prefix)-4]
			replace := c.names.ok && bytes.HasPrefix(c.names.key, prefix)
			if !replace && (!set[i] || string(row[i]) == unset || string(row[i]) == empty) {
				continue
			}
			parts = parts[:0]
			for p := range bytes.SplitSeq(row[i], []byte(",")) {
				parts = append(parts, p)
			}
			for ; c.names.ok && bytes.HasPrefix(c.names.key, prefix); c.names.next() {
				at := binary.BigEndian.Uint32(c.names.key[len(prefix):])
				parts[at] = bytes.Clone(c.names.data)
			}
			if set[i] {
				slices.SortFunc(parts, bytes.Compare)
			}
			row[i] = bytes.Join(parts, []byte(","))
		}
		f(n, row)
	})
	t.rows.free()
}

// columnsNamed returns by the number of a log the number of the column of that name.
func (s *side) columnsNamed(name string) map[uint16]uint16 {
	found := make(map[uint16]uint16)
	for log, n := range s.names() {
		if i, ok := s.tables[n].index[name]; ok {
			found[uint16(log)] = uint16(i)
		}
	}
	return found
}

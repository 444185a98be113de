// Package columnar defines how a log maps to columns of Parquet, Arrow, Avro and SQL:
// the type for each Zeek type, and which columns form a struct. Nothing else decides
// that.
package columnar

import (
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
)

// Type is the type of a value in columnar formats.
type Type uint8

// The types. Containers are lists of one of them, whose elements may be null.
const (
	Bool      Type = iota + 1
	Int32          // ports: small unsigned integers break statistics
	Int64          // also count, clamped: unsigned ones are decimals in Spark
	Double         // also interval in seconds: durations break several engines
	Timestamp      // microseconds since the Unix epoch, UTC: Spark rejects nanoseconds
	String         // valid UTF-8; also addresses, subnets and enums
)

var types = [...]Type{
	schemas.KindBool:     Bool,
	schemas.KindCount:    Int64,
	schemas.KindInt:      Int64,
	schemas.KindDouble:   Double,
	schemas.KindTime:     Timestamp,
	schemas.KindInterval: Double,
	schemas.KindString:   String,
	schemas.KindEnum:     String,
	schemas.KindAddr:     String,
	schemas.KindSubnet:   String,
	schemas.KindPort:     Int32,
}

// TypeOf returns the type of values of a kind.
func TypeOf(k schemas.Kind) Type { return types[k] }

// A Node is a column, or a struct of columns whose names begin alike: id.orig_h and
// id.orig_p are the fields orig_h and orig_p of the struct id. A struct is never null,
// but its fields may be.
type Node struct {
	// Name is the last part of the name, such as "orig_h".
	Name string
	// Path is the full name, such as "id.orig_h".
	Path string
	// Fields are the fields of a struct; a column has none.
	Fields []*Node
	// Field is the column and Index its position in the schema. Field is nil for a
	// struct.
	Field *schemas.Field
	Index int
}

// Element is the name of list elements, where they have one.
const Element = "element"

// pathOf returns the names of the structs around a column of s, and its own name. A
// struct that would have the name of a column is not made; its columns stay flat.
func pathOf(s *schemas.Schema, name string) []string {
	parts := strings.Split(name, ".")
	if slices.Contains(parts, "") {
		return []string{name}
	}
	for i := 1; i < len(parts); i++ {
		around := strings.Join(parts[:i], ".")
		if slices.ContainsFunc(s.Fields, func(f schemas.Field) bool { return f.Name == around }) {
			return []string{name}
		}
	}
	return parts
}

// Tree returns the columns of s, including optional ones, as a tree. A struct takes the
// position of its first column.
func Tree(s *schemas.Schema) []*Node {
	var root Node
	for i := range s.Fields {
		f := &s.Fields[i]
		path := pathOf(s, f.Name)
		in, last := &root, len(path)-1
		for j, name := range path[:last] {
			in = in.child(name, strings.Join(path[:j+1], "."))
		}
		in.Fields = append(in.Fields, &Node{Name: path[last], Path: f.Name, Field: f, Index: i})
	}
	return root.Fields
}

// Of returns the columns of s, including optional ones: under their full names if flat
// is true, otherwise as Tree does.
func Of(s *schemas.Schema, flat bool) []*Node {
	if !flat {
		return Tree(s)
	}
	list := make([]*Node, len(s.Fields))
	for i := range s.Fields {
		f := &s.Fields[i]
		list[i] = &Node{Name: f.Name, Path: f.Name, Field: f, Index: i}
	}
	return list
}

// child returns the struct with that name in n, creating it if necessary.
func (n *Node) child(name, path string) *Node {
	for _, c := range n.Fields {
		if c.Name == name && c.Field == nil {
			return c
		}
	}
	c := &Node{Name: name, Path: path, Index: -1}
	n.Fields = append(n.Fields, c)
	return c
}

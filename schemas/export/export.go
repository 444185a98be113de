// Package export describes logs in the languages of those who read them: JSON
// Schema, Arrow, Avro, and SQL.
package export

// Package export describes logs in schema languages: JSON Schema, Arrow, Avro and SQL.
package export

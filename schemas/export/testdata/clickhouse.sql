CREATE TABLE `sample` (
  `ts` DateTime64(6, 'UTC') COMMENT 'When.',
  `id` Tuple(`orig_h` String, `orig_p` Nullable(Int32)) COMMENT 'orig_h: Who. orig_p: ',
  `file` Tuple(`times` Tuple(`made` Nullable(DateTime64(6, 'UTC'))), `size` Int64) COMMENT 'times: made: It\'s then. size: ',
  `b` Bool,
  `i` Nullable(Int64),
  `d` Float64,
  `dur` Nullable(Float64),
  `net` String,
  `e` String,
  `tags` Array(Nullable(String)),
  `ttls` Array(Nullable(Float64)),
  `from` Nullable(String)
) ENGINE = MergeTree ORDER BY `ts` COMMENT 'Sample\'s "odd" \\ row.';

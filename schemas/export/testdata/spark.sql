CREATE TABLE `sample` (
  `ts` TIMESTAMP COMMENT 'When.',
  `id` STRUCT<`orig_h`: STRING, `orig_p`: INT> COMMENT 'orig_h: Who. orig_p: ',
  `file` STRUCT<`times`: STRUCT<`made`: TIMESTAMP>, `size`: BIGINT> COMMENT 'times: made: It\'s then. size: ',
  `b` BOOLEAN,
  `i` BIGINT,
  `d` DOUBLE,
  `dur` DOUBLE,
  `net` STRING,
  `e` STRING,
  `tags` ARRAY<STRING>,
  `ttls` ARRAY<DOUBLE>,
  `from` STRING
) USING PARQUET COMMENT 'Sample\'s "odd" \\ row.';

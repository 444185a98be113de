CREATE TABLE "sample" (
  "ts" TIMESTAMPTZ NOT NULL,
  "id" STRUCT("orig_h" VARCHAR, "orig_p" INTEGER),
  "file" STRUCT("times" STRUCT("made" TIMESTAMPTZ), "size" BIGINT),
  "b" BOOLEAN NOT NULL,
  "i" BIGINT,
  "d" DOUBLE NOT NULL,
  "dur" DOUBLE,
  "net" VARCHAR NOT NULL,
  "e" VARCHAR NOT NULL,
  "tags" VARCHAR[] NOT NULL,
  "ttls" DOUBLE[],
  "from" VARCHAR
);
COMMENT ON TABLE "sample" IS 'Sample''s "odd" \ row.';
COMMENT ON COLUMN "sample"."ts" IS 'When.';
COMMENT ON COLUMN "sample"."id" IS 'orig_h: Who. orig_p: ';
COMMENT ON COLUMN "sample"."file" IS 'times: made: It''s then. size: ';

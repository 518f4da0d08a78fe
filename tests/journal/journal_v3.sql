BEGIN TRANSACTION;
CREATE TABLE actions (
	portal TEXT NOT NULL, 
	at TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	PRIMARY KEY (portal, at, place)
);
CREATE TABLE attempts (
	attempt_id TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	state TEXT NOT NULL, 
	attempt TEXT NOT NULL, 
	PRIMARY KEY (attempt_id), 
	FOREIGN KEY(request_id) REFERENCES requests (request_id)
);
INSERT INTO "attempts" VALUES('a000000000003','R-1','clear_coverage','receipt','{"attempt_id":"a000000000003","request_id":"R-1","channel":"portal","portal":"clear_coverage","account":"north","fence":1,"state":"receipt","began_at":"2026-03-02T14:00:00Z","intent_at":"2026-03-02T14:00:00Z","ended_at":"2026-03-02T14:00:00Z","selectors_version":"7"}');
INSERT INTO "attempts" VALUES('a000000000014','R-3','clear_coverage','uncertain','{"attempt_id":"a000000000014","request_id":"R-3","channel":"portal","portal":"clear_coverage","account":"north","fence":1,"state":"uncertain","began_at":"2026-03-02T17:00:00Z","intent_at":"2026-03-02T17:00:00Z","uncertain_at":"2026-03-02T17:00:00Z","selectors_version":"7","error_code":"worker_ended"}');
CREATE TABLE breakers (
	portal TEXT NOT NULL, 
	state TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	openings INTEGER NOT NULL, 
	error_code TEXT NOT NULL, 
	down_since TEXT NOT NULL, 
	probe_at TEXT NOT NULL, 
	PRIMARY KEY (portal)
);
CREATE TABLE credentials (
	portal TEXT NOT NULL, 
	account TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	state TEXT NOT NULL, 
	proven INTEGER NOT NULL, 
	open_tries INTEGER NOT NULL, 
	PRIMARY KEY (portal, account, fingerprint)
);
INSERT INTO "credentials" VALUES('clear_coverage','north','f1','accepted',1,0);
CREATE TABLE disabled (
	portal TEXT NOT NULL, 
	account TEXT NOT NULL, 
	error_code TEXT NOT NULL, 
	sentence TEXT NOT NULL, 
	since TEXT NOT NULL, 
	PRIMARY KEY (portal, account)
);
INSERT INTO "disabled" VALUES('evicore','north','password_rejected','The password was refused.','2026-03-02T17:00:00.000000Z');
CREATE TABLE events (
	seq BIGINT NOT NULL, 
	request_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at TEXT NOT NULL, 
	body TEXT NOT NULL, 
	prev_hash TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (hash)
);
INSERT INTO "events" VALUES(1,'R-1','accepted','2026-03-02T14:00:00.000000Z','{"kind":"accepted","request":{"request_id":"R-1","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"fingerprint":"fingerprint"}','0000000000000000000000000000000000000000000000000000000000000000','ba94156142ea55ffd21c2e5a77c3a3b39024745fd299c36988c178f304b2b338');
INSERT INTO "events" VALUES(2,'R-1','routed','2026-03-02T14:00:00.000000Z','{"kind":"routed","route":{"request_id":"R-1","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"channel":"portal","standing":{"status":"new"}}','ba94156142ea55ffd21c2e5a77c3a3b39024745fd299c36988c178f304b2b338','922506b5b09b00b5a40f5ef2c39cf87c6f9d309b89b8191094ad78770cca6c6d');
INSERT INTO "events" VALUES(3,'R-1','began','2026-03-02T14:00:00.000000Z','{"kind":"began","attempt_id":"a000000000003","channel":"portal","portal":"clear_coverage","account":"north","fence":1}','922506b5b09b00b5a40f5ef2c39cf87c6f9d309b89b8191094ad78770cca6c6d','f8e43581ed79e17265e8fe09e3727fd69af9f56bb874b0a76ef2d1b1895c379a');
INSERT INTO "events" VALUES(4,'R-1','intent','2026-03-02T14:00:00.000000Z','{"kind":"intent","attempt_id":"a000000000003","shown":{"portal":"clear_coverage","page":"review","selectors_version":"7","fields":{"units":"2"}}}','f8e43581ed79e17265e8fe09e3727fd69af9f56bb874b0a76ef2d1b1895c379a','cb4006a21906d79b3c686322195582faaabfc43c060ad7f51fbaa3f1b54e9577');
INSERT INTO "events" VALUES(5,'R-1','receipt','2026-03-02T14:00:00.000000Z','{"kind":"receipt","attempt_id":"a000000000003","receipt":{"portal":"clear_coverage","reference_no":"CC1","received_at":"2026-03-02T14:00:00Z"}}','cb4006a21906d79b3c686322195582faaabfc43c060ad7f51fbaa3f1b54e9577','a59ec71b2791624e0a30b783fa652c74d588abd54c67f0a276cbde8e0896d821');
INSERT INTO "events" VALUES(6,'R-1','reading','2026-03-02T17:00:00.000000Z','{"kind":"reading","reading":{"portal":"clear_coverage","reference_no":"CC1","authorization_no":"A1","member_id":"001234567","status_raw":"Approved","status":"approved","lines":[{"service_code":"E0114","units_approved":"2","status_raw":"Approved","status":"approved"}],"valid_from":"2026-03-01","valid_to":"2026-03-31","decided_on":"2026-03-02","observed_at":"2026-03-02T17:00:00Z"},"standing":{"status":"approved"}}','a59ec71b2791624e0a30b783fa652c74d588abd54c67f0a276cbde8e0896d821','d9d19aa358d91a91c8c3a1e54288224833a65f058f114e26203a56c303d8ee4a');
INSERT INTO "events" VALUES(7,'R-1','units','2026-03-02T17:00:00.000000Z','{"kind":"units","units":[{"portal":"husky_secure","authorization_no":"A1","member_id":"001234567","service_code":"E0114","approved":"2","used":"1","as_of":"2026-03-02","observed_at":"2026-03-02T17:00:00Z"}]}','d9d19aa358d91a91c8c3a1e54288224833a65f058f114e26203a56c303d8ee4a','2a5e8231c41a25ce45a21a87d11a5a08facfb509efd7b5cca27d76c864c13cca');
INSERT INTO "events" VALUES(8,'R-1','letters','2026-03-02T17:00:00.000000Z','{"kind":"letters","letters":[{"portal":"clear_coverage","reference_no":"CC1","letter_id":"1","title":"Approval Letter","evidence":"sealed-1"}]}','2a5e8231c41a25ce45a21a87d11a5a08facfb509efd7b5cca27d76c864c13cca','0a7cf5f6cd1d7a27092d8f47edab580641866d3b8804d22c4809fe60c2f255b4');
INSERT INTO "events" VALUES(9,'R-1','checked','2026-03-02T17:00:00.000000Z','{"kind":"checked"}','0a7cf5f6cd1d7a27092d8f47edab580641866d3b8804d22c4809fe60c2f255b4','4cce702ffd5aa1085948279f2a64dd64d41a8c252e3f0dffc1320e76a569d877');
INSERT INTO "events" VALUES(10,'R-2','accepted','2026-03-02T17:00:00.000000Z','{"kind":"accepted","request":{"request_id":"R-2","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"fingerprint":"fingerprint"}','4cce702ffd5aa1085948279f2a64dd64d41a8c252e3f0dffc1320e76a569d877','ef3ba199080b926e754ae46c96cac6690fd9ebe837d34b54d8ca44141d25b366');
INSERT INTO "events" VALUES(11,'R-2','routed','2026-03-02T17:00:00.000000Z','{"kind":"routed","route":{"request_id":"R-2","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"channel":"portal","standing":{"status":"new"}}','ef3ba199080b926e754ae46c96cac6690fd9ebe837d34b54d8ca44141d25b366','0f4e0ccdc383a60e4b6115e5352e2de1b05b2b09da71758650c008d157ad1c0b');
INSERT INTO "events" VALUES(12,'R-3','accepted','2026-03-02T17:00:00.000000Z','{"kind":"accepted","request":{"request_id":"R-3","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"fingerprint":"fingerprint"}','0f4e0ccdc383a60e4b6115e5352e2de1b05b2b09da71758650c008d157ad1c0b','93ce8218ea303f10ce203d2014660abf451853282df45512268d4702e683b305');
INSERT INTO "events" VALUES(13,'R-3','routed','2026-03-02T17:00:00.000000Z','{"kind":"routed","route":{"request_id":"R-3","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"channel":"portal","standing":{"status":"new"}}','93ce8218ea303f10ce203d2014660abf451853282df45512268d4702e683b305','c049e97cbb97c66a5d71d7e901ab3145511e6b1f7bbdfbb32d792138da053cd7');
INSERT INTO "events" VALUES(14,'R-3','began','2026-03-02T17:00:00.000000Z','{"kind":"began","attempt_id":"a000000000014","channel":"portal","portal":"clear_coverage","account":"north","fence":1}','c049e97cbb97c66a5d71d7e901ab3145511e6b1f7bbdfbb32d792138da053cd7','890643f792281b35801863a3cb345bd80aacaa0a6a579d3907a5c2708108660c');
INSERT INTO "events" VALUES(15,'R-3','intent','2026-03-02T17:00:00.000000Z','{"kind":"intent","attempt_id":"a000000000014","shown":{"portal":"clear_coverage","page":"review","selectors_version":"7","fields":{"units":"2"}}}','890643f792281b35801863a3cb345bd80aacaa0a6a579d3907a5c2708108660c','8919e02d9def4e593be5ef610a93dae02ec8df6829c053aade05fcffa2a7e081');
INSERT INTO "events" VALUES(16,'R-3','uncertain','2026-03-02T17:00:00.000000Z','{"kind":"uncertain","attempt_id":"a000000000014","error_code":"worker_ended","standing":{"status":"uncertain","reason":"It is not certain.","waiting_until":"2026-03-02T17:15:00Z"}}','8919e02d9def4e593be5ef610a93dae02ec8df6829c053aade05fcffa2a7e081','5589c17831f3bcd649e5b50b3891e270ed054f5e1835eadbdd83ba185e87e9fe');
INSERT INTO "events" VALUES(17,'R-4','accepted','2026-03-02T17:00:00.000000Z','{"kind":"accepted","request":{"request_id":"R-4","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"fingerprint":"fingerprint"}','5589c17831f3bcd649e5b50b3891e270ed054f5e1835eadbdd83ba185e87e9fe','e33f351dbbab95a91d2e384f1f8f871f25409ca869a39e50516b90a221013c42');
INSERT INTO "events" VALUES(18,'R-4','routed','2026-03-02T17:00:00.000000Z','{"kind":"routed","route":{"request_id":"R-4","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"channel":"portal","standing":{"status":"new"}}','e33f351dbbab95a91d2e384f1f8f871f25409ca869a39e50516b90a221013c42','ac334a7eb0e6fa66a5e8e28dc24a7181960f2a481101b496c7708e61cb48bd08');
INSERT INTO "events" VALUES(19,'R-4','moved','2026-03-02T17:00:00.000000Z','{"kind":"moved","standing":{"status":"needs_person","error_code":"x","reason":"Look.","next_action":"Look there."}}','ac334a7eb0e6fa66a5e8e28dc24a7181960f2a481101b496c7708e61cb48bd08','68a5485889cf58df0ad3ef5ddbd9997545fd5814b5e3fb8c023a62903247a053');
INSERT INTO "events" VALUES(20,'R-5','accepted','2026-03-02T17:00:00.000000Z','{"kind":"accepted","request":{"request_id":"R-5","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"fingerprint":"fingerprint"}','68a5485889cf58df0ad3ef5ddbd9997545fd5814b5e3fb8c023a62903247a053','c45e044d1dd6dbfb8212fca72c3edaab043403200e5bac38a0fafb9f18926fe6');
INSERT INTO "events" VALUES(21,'R-5','routed','2026-03-02T17:00:00.000000Z','{"kind":"routed","route":{"request_id":"R-5","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"channel":"portal","standing":{"status":"new"}}','c45e044d1dd6dbfb8212fca72c3edaab043403200e5bac38a0fafb9f18926fe6','eba87e3beb9b5d7c7d288d33e073199d6da130ef3d6486f0794f41ab5f5259bd');
INSERT INTO "events" VALUES(22,'R-5','moved','2026-03-02T17:00:00.000000Z','{"kind":"moved","standing":{"status":"waiting","error_code":"portal_down","reason":"clear_coverage is down.","waiting_until":"2026-03-03T17:00:00Z"}}','eba87e3beb9b5d7c7d288d33e073199d6da130ef3d6486f0794f41ab5f5259bd','4b410ea147af582ab648eae6f73358f7cf69eac135ac7e01c9cae593bfa44735');
INSERT INTO "events" VALUES(23,'','password_try','2026-03-02T17:00:00.000000Z','{"kind":"password_try","portal":"clear_coverage","account":"north","fingerprint":"f1"}','4b410ea147af582ab648eae6f73358f7cf69eac135ac7e01c9cae593bfa44735','cf96c10fc0bff8c470fb57da0967e84aa7ea75b610396fab5ba749fc98e06912');
INSERT INTO "events" VALUES(24,'','password_judged','2026-03-02T17:00:00.000000Z','{"kind":"password_judged","portal":"clear_coverage","account":"north","fingerprint":"f1","accepted":true}','cf96c10fc0bff8c470fb57da0967e84aa7ea75b610396fab5ba749fc98e06912','c745b232747986d838e84fb2729ef3d57d51037fa87349ca9d6f25bd23a4eb73');
INSERT INTO "events" VALUES(25,'','portal_disabled','2026-03-02T17:00:00.000000Z','{"kind":"portal_disabled","portal":"evicore","account":"north","error_code":"password_rejected","sentence":"The password was refused."}','c745b232747986d838e84fb2729ef3d57d51037fa87349ca9d6f25bd23a4eb73','f5858be3e8db3aa5017601eda03dd6e22a113d07b10d3f6b1e5cb6affc5c2583');
INSERT INTO "events" VALUES(26,'','breaker_opened','2026-03-02T17:00:00.000000Z','{"kind":"breaker_opened","portal":"clear_coverage","error_code":"portal_down","down_since":"2026-03-02T17:00:00Z","probe_at":"2026-03-02T17:05:00Z"}','f5858be3e8db3aa5017601eda03dd6e22a113d07b10d3f6b1e5cb6affc5c2583','09475da66b68412d38ccc30120a5fe3c321d8e8103fa3edcd03a3234baa3979d');
CREATE TABLE journal_head (
	id INTEGER NOT NULL CHECK (id = 1), 
	seq BIGINT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "journal_head" VALUES(1,26,'09475da66b68412d38ccc30120a5fe3c321d8e8103fa3edcd03a3234baa3979d');
CREATE TABLE journal_meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "journal_meta" VALUES('schema_version','3');
CREATE TABLE readings (
	seq BIGINT NOT NULL, 
	request_id TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	reference_no TEXT NOT NULL, 
	observed_at TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(seq) REFERENCES events (seq)
);
INSERT INTO "readings" VALUES(6,'R-1','clear_coverage','CC1','2026-03-02T17:00:00.000000Z');
CREATE TABLE requests (
	request_id TEXT NOT NULL, 
	accepted_seq BIGINT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	payer TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	status TEXT NOT NULL, 
	waiting_until TEXT NOT NULL, 
	reference_no TEXT NOT NULL, 
	snapshot TEXT NOT NULL, 
	PRIMARY KEY (request_id), 
	UNIQUE (accepted_seq)
);
INSERT INTO "requests" VALUES('R-1',1,'fingerprint','husky','clear_coverage','approved','','CC1','{"request":{"request_id":"R-1","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"status":"approved","channel":"portal","route":{"request_id":"R-1","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"receipt":{"portal":"clear_coverage","reference_no":"CC1","received_at":"2026-03-02T14:00:00Z"},"reading":{"portal":"clear_coverage","reference_no":"CC1","authorization_no":"A1","member_id":"001234567","status_raw":"Approved","status":"approved","lines":[{"service_code":"E0114","units_approved":"2","status_raw":"Approved","status":"approved"}],"valid_from":"2026-03-01","valid_to":"2026-03-31","decided_on":"2026-03-02","observed_at":"2026-03-02T17:00:00Z"},"units":[{"portal":"husky_secure","authorization_no":"A1","member_id":"001234567","service_code":"E0114","approved":"2","used":"1","as_of":"2026-03-02","observed_at":"2026-03-02T17:00:00Z"}],"letters":[{"portal":"clear_coverage","reference_no":"CC1","letter_id":"1","title":"Approval Letter","evidence":"sealed-1"}],"accepted_at":"2026-03-02T14:00:00Z","submitted_at":"2026-03-02T14:00:00Z","decided_on":"2026-03-02","last_checked":"2026-03-02T17:00:00Z"}');
INSERT INTO "requests" VALUES('R-2',10,'fingerprint','husky','clear_coverage','new','','','{"request":{"request_id":"R-2","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"status":"new","channel":"portal","route":{"request_id":"R-2","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"accepted_at":"2026-03-02T17:00:00Z"}');
INSERT INTO "requests" VALUES('R-3',12,'fingerprint','husky','clear_coverage','uncertain','2026-03-02T17:15:00.000000Z','','{"request":{"request_id":"R-3","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"status":"uncertain","channel":"portal","route":{"request_id":"R-3","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"reason":"It is not certain.","waiting_until":"2026-03-02T17:15:00Z","accepted_at":"2026-03-02T17:00:00Z"}');
INSERT INTO "requests" VALUES('R-4',17,'fingerprint','husky','clear_coverage','needs_person','','','{"request":{"request_id":"R-4","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"status":"needs_person","channel":"portal","route":{"request_id":"R-4","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"error_code":"x","reason":"Look.","next_action":"Look there.","accepted_at":"2026-03-02T17:00:00Z"}');
INSERT INTO "requests" VALUES('R-5',20,'fingerprint','husky','clear_coverage','waiting','2026-03-03T17:00:00.000000Z','','{"request":{"request_id":"R-5","payer":"husky","coverage":"husky_a","service_category":"dme","member":{"id":"001234567","dob":"1980-05-17","last_name":"Sample","first_name":"Q"},"requesting":{"name":"Sample","npi":"1234567893"},"diagnosis_codes":["M17.11"],"lines":[{"service_code":"E0114","units":"2","from_date":"2026-03-01","to_date":"2026-03-31"}],"notes":"by hand"},"status":"waiting","channel":"portal","route":{"request_id":"R-5","decision":"portal","portal":"clear_coverage","rule_ids":["H5"]},"error_code":"portal_down","reason":"clear_coverage is down.","waiting_until":"2026-03-03T17:00:00Z","accepted_at":"2026-03-02T17:00:00Z"}');
CREATE TABLE seats (
	portal TEXT NOT NULL, 
	account TEXT NOT NULL, 
	fence BIGINT NOT NULL, 
	held INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	PRIMARY KEY (portal, account)
);
INSERT INTO "seats" VALUES('clear_coverage','north',1,1,'here',27513,'1795381552.05','2026-03-02T14:03:00.000000Z');
CREATE TABLE ticks (
	job TEXT NOT NULL, 
	slot TEXT NOT NULL, 
	claimed_at TEXT NOT NULL, 
	PRIMARY KEY (job, slot)
);
INSERT INTO "ticks" VALUES('sweep','2026-03-02T06','2026-03-02T17:00:00.000000Z');
CREATE TABLE units (
	seq BIGINT NOT NULL, 
	place INTEGER NOT NULL, 
	request_id TEXT NOT NULL, 
	portal TEXT NOT NULL, 
	authorization_no TEXT NOT NULL, 
	service_code TEXT NOT NULL, 
	as_of TEXT NOT NULL, 
	PRIMARY KEY (seq, place), 
	FOREIGN KEY(seq) REFERENCES events (seq)
);
INSERT INTO "units" VALUES(7,0,'R-1','husky_secure','A1','E0114','2026-03-02');
CREATE INDEX ix_events_request_id ON events (request_id);
CREATE INDEX ix_requests_reference_no ON requests (reference_no);
CREATE INDEX requests_by_state ON requests (portal, status);
CREATE UNIQUE INDEX one_open_attempt ON attempts (request_id) WHERE state in ('drafting', 'intent', 'receipt', 'uncertain');
CREATE INDEX ix_attempts_request_id ON attempts (request_id);
CREATE INDEX attempts_by_state ON attempts (state);
CREATE INDEX ix_readings_request_id ON readings (request_id);
CREATE INDEX readings_by_case ON readings (portal, reference_no);
CREATE INDEX units_by_authorization ON units (portal, authorization_no, service_code);
CREATE INDEX ix_units_request_id ON units (request_id);
CREATE TRIGGER events_no_update BEFORE update ON events BEGIN SELECT RAISE(ABORT, 'the history is only ever added to'); END;
CREATE TRIGGER events_no_delete BEFORE delete ON events BEGIN SELECT RAISE(ABORT, 'the history is only ever added to'); END;
COMMIT;

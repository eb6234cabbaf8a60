-- What HAProxy does with a request while a site may be in maintenance. Loaded by the configuration that
-- `maintenance emit haproxy` prints, which says by variables of the transaction:
--   txn.maintenance_site         domain of the site
--   txn.maintenance_file         its flag file
--   txn.maintenance_program      where the program listens, http://HOST:PORT
--   txn.maintenance_status       status of the answer from disk
--   txn.maintenance_unreachable  pass or hold: what happens while it does not answer and there is no file to look at
-- What is said here in the same way:
--   txn.maintenance_decided      the request may go on; every other one is denied
--   txn.maintenance_held         maintenance_answer has an answer for the request
--   txn.maintenance_through      X-Maintenance for the answer to somebody who passes a closed site
--   txn.maintenance_cookie       Set-Cookie for the answer to a visitor

local SAFE = { GET = true, HEAD = true, OPTIONS = true }

local function exists(path)
    local file = io.open(path, "r")
    if file then file:close() end
    return file ~= nil
end

local function content(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read("a")
    file:close()
    return text
end

-- What the files say of the site: "full", "read-only", or nil while it is open.
local function level(txn)
    local file = txn:get_var("txn.maintenance_file")
    return exists(file) and "full" or exists(file .. ".read-only") and "read-only" or nil
end

-- Says why somebody passes a closed site.
local function mark(txn, reason)
    txn:set_var("txn.maintenance_through", "let-through; reason=" .. reason)
end

-- Whether the files say that the request is held. Who reads a site that is closed for writing is told so.
local function is_flagged(txn)
    local level = level(txn)
    local only_reads = level == "read-only" and SAFE[txn.sf:method()]
    if only_reads then mark(txn, "read-only") end
    return level and not only_reads
end

-- Keeps an answer for maintenance_answer.
local function hold(txn, status, headers, body)
    txn:set_priv { status = status, headers = headers, body = body }
    txn:set_var("txn.maintenance_held", true)
end

-- The last thing that is done for a request that goes on: whoever fails before has let nobody pass.
local function pass(txn)
    txn:set_var("txn.maintenance_decided", true)
end

-- The page in the first language that is there of the first three that the client names, else in the site's own.
local function page(txn, file)
    local sent = txn.sf:method() ~= "GET" and txn.sf:method() ~= "HEAD"
    local stem = sent and file .. ".unsent." or file .. "."
    local languages = (txn.sf:req_fhdr("accept-language") or ""):sub(1, 100)
    local left = 3
    for part in languages:gmatch("[^,]+") do
        if left == 0 then break end
        left = left - 1
        local tag = part:match("^%s*(%a[%a-]*)")
        local text = tag and (content(stem .. tag .. ".html") or content(stem .. tag:match("^%a+"):lower() .. ".html"))
        if text then return text end
    end
    return content(stem .. "html")
end

-- The answer from disk, in the form that the client names first.
local function hold_from_disk(txn)
    local file = txn:get_var("txn.maintenance_file")
    local accept = ((txn.sf:req_fhdr("accept") or ""):match("^[^,;]*") or ""):lower()
    local kind, body = "text/html; charset=utf-8", nil
    if accept:find("^application/.*json") then
        kind, body = "application/problem+json", content(file .. ".json")
    elseif accept:find("^text/plain") then
        kind, body = "text/plain; charset=utf-8", content(file .. ".txt")
    else
        body = page(txn, file)
    end
    local seconds = (content(file .. ".retry-after") or ""):match("^%d+") or "120"
    hold(txn, txn:get_var("txn.maintenance_status"), {
        { "Content-Type", kind },
        { "Retry-After", seconds },
        { "Cache-Control", "no-store" },
        { "Vary", "Accept, Accept-Language" },
        { "X-Maintenance", "planned" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
    }, body or "This site is down for maintenance. Please come back in a few minutes.\n")
end

-- The answer when nobody says anything.
local function hold_unknown(txn)
    hold(txn, 503, {
        { "Content-Type", "text/plain; charset=utf-8" },
        { "Retry-After", "120" },
        { "Cache-Control", "no-store" },
        { "X-Maintenance", "unknown" },
    }, "This site cannot be reached right now. Please try again in a few minutes.\n")
end

-- Says in the log what is wrong, once a minute, because it is wrong for every request.
local said_at
local function warn(text)
    local now = core.now().sec
    if said_at and now - said_at < 60 then return end
    said_at = now
    core.Warning(text)
end

-- Headers of one connection only, and what HAProxy writes itself.
local OWN = { ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true,
    ["date"] = true }

-- Milliseconds for one try. HAProxy's client makes four.
local TRY = 1000

-- What the program says: "pass"; "held", with its answer kept; "away" when it does not answer; "unclear" when the answer
-- is no verdict, such as one to a stranger.
local function ask(txn)
    -- Known from its health, because HAProxy's client tries for three seconds to reach whoever is away.
    if txn.f:nbsrv("maintenance_health") == 0 then return "away" end
    local function line(text) return text and { text } or nil end
    local answered = core.httpclient():get {
        url = txn:get_var("txn.maintenance_program") .. "/maintenance/check",
        headers = {
            ["x-forwarded-for"] = { txn.sf:src() },
            ["x-forwarded-host"] = { txn:get_var("txn.maintenance_site") },
            ["x-forwarded-proto"] = line(txn.sf:req_fhdr("x-forwarded-proto")),
            ["x-forwarded-method"] = { txn.sf:method() },
            ["x-forwarded-uri"] = { txn.sf:pathq() },
            ["cookie"] = line(txn.sf:req_fhdr("cookie")),
            ["accept"] = line(txn.sf:req_fhdr("accept")),
            ["accept-language"] = line(txn.sf:req_fhdr("accept-language")),
            ["sec-fetch-dest"] = line(txn.sf:req_fhdr("sec-fetch-dest")),
        },
        timeout = TRY,
    }
    if not answered or answered.status == 0 or not answered.headers then return "away" end
    local function first(name) return answered.headers[name] and answered.headers[name][0] end
    local status, said = answered.status, first("x-maintenance")
    if status == 204 and first("x-maintenance-reason") then
        if said then txn:set_var("txn.maintenance_through", said) end
        if first("set-cookie") then txn:set_var("txn.maintenance_cookie", first("set-cookie")) end
        return "pass"
    end
    -- Who is held bears it, and a site that nobody knows is 404, which nobody may keep.
    if status == 204 or not (said or (status == 404 and first("cache-control") == "no-store")) then
        -- What HAProxy itself says of a program that is not there is never a 500.
        if status > 500 then return "away" end
        warn(("maintenance: %s/maintenance/check answered %d, which is no verdict, so visitors are held%s"):format(
            txn:get_var("txn.maintenance_program"), status,
            status == 403 and ": TRUSTED_PROXIES of the program must hold the address of this machine" or ""))
        return "unclear"
    end
    local headers = {}
    for name, values in pairs(answered.headers) do
        if not OWN[name] then
            for _, value in pairs(values) do headers[#headers + 1] = { name, value } end
        end
    end
    hold(txn, status, headers, answered.body or "")
    return "held"
end

-- For addresses that pass by themselves, whatever the files say.
core.register_action("maintenance_internal", { "http-req" }, function(txn)
    if level(txn) then mark(txn, "internal-ip") end
end)

core.register_action("maintenance_file", { "http-req" }, function(txn)
    if is_flagged(txn) then hold_from_disk(txn) else pass(txn) end
end)

core.register_action("maintenance_both", { "http-req" }, function(txn)
    local verdict = is_flagged(txn) and ask(txn) or "pass"
    if verdict == "pass" then
        pass(txn)
    elseif verdict ~= "held" then
        hold_from_disk(txn)
    end
end)

core.register_action("maintenance_check", { "http-req" }, function(txn)
    local verdict = ask(txn)
    if verdict == "pass" or (verdict == "away" and txn:get_var("txn.maintenance_unreachable") == "pass") then
        pass(txn)
    elseif verdict ~= "held" then
        hold_unknown(txn)
    end
end)

-- Gives the answer that was kept, and ends the transaction.
core.register_action("maintenance_answer", { "http-req" }, function(txn)
    local held = txn:get_priv()
    local reply = txn:reply { status = held.status }
    for _, header in ipairs(held.headers) do reply:add_header(header[1], header[2]) end
    if txn.sf:method() ~= "HEAD" then reply:set_body(held.body) end
    txn:done(reply)
end)

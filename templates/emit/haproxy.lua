-- What HAProxy does with a request while a site may be in maintenance. Loaded by the configuration that
-- `maintenance emit haproxy` prints, which says by variables of the transaction:
--   txn.maintenance_site         domain of the site
--   txn.maintenance_file         its flag file
--   txn.maintenance_program      where the program listens, http://HOST:PORT
--   txn.maintenance_status       status of the answer from disk
--   txn.maintenance_unreachable  pass or hold: what happens while it does not answer and there is no file to look at
-- and denies every request for which it does not say:
--   txn.maintenance_decided      the request may go on

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

-- Whether the files say that the request is held, by its method at most.
local function is_flagged(txn)
    local file = txn:get_var("txn.maintenance_file")
    return exists(file) or (not SAFE[txn.sf:method()] and exists(file .. ".read-only"))
end

-- Ends the transaction, and whatever runs here with it. The body is left out for HEAD.
local function answer(txn, status, headers, body)
    local reply = txn:reply { status = status }
    for _, header in ipairs(headers) do reply:add_header(header[1], header[2]) end
    if txn.sf:method() ~= "HEAD" then reply:set_body(body) end
    txn:done(reply)
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
local function answer_from_disk(txn)
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
    answer(txn, txn:get_var("txn.maintenance_status"), {
        { "Content-Type", kind },
        { "Retry-After", seconds },
        { "Cache-Control", "no-store" },
        { "Vary", "Accept, Accept-Language" },
        { "X-Maintenance", "planned" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
    }, body or "This site is down for maintenance. Please come back in a few minutes.\n")
end

-- Headers of one connection only, and what HAProxy writes itself.
local OWN = { ["connection"] = true, ["keep-alive"] = true, ["transfer-encoding"] = true, ["content-length"] = true,
    ["date"] = true }

-- Asks the program. True when the request may pass, false when it does not answer; else the transaction ends with its
-- answer.
local function ask(txn)
    -- Known from its health, because HAProxy's client tries for three seconds to reach whoever is away.
    if txn.f:nbsrv("maintenance_health") == 0 then return false end
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
        },
        timeout = 5000,
    }
    if not answered or answered.status == 0 or not answered.headers then return false end
    if answered.status == 204 then return true end
    -- What HAProxy itself says of a program that is not there does not bear this, and is never a 500.
    if answered.status > 500 and not answered.headers["x-maintenance"] then return false end
    local headers = {}
    for name, values in pairs(answered.headers) do
        if not OWN[name] then
            for _, value in pairs(values) do headers[#headers + 1] = { name, value } end
        end
    end
    answer(txn, answered.status, headers, answered.body or "")
end

-- The last thing that is done for a request that goes on: whoever fails before has let nobody pass.
local function pass(txn)
    txn:set_var("txn.maintenance_decided", true)
end

core.register_action("maintenance_file", { "http-req" }, function(txn)
    if is_flagged(txn) then answer_from_disk(txn) end
    pass(txn)
end)

core.register_action("maintenance_both", { "http-req" }, function(txn)
    if is_flagged(txn) and not ask(txn) then answer_from_disk(txn) end
    pass(txn)
end)

core.register_action("maintenance_check", { "http-req" }, function(txn)
    if not ask(txn) and txn:get_var("txn.maintenance_unreachable") ~= "pass" then
        answer(txn, 503, {
            { "Content-Type", "text/plain; charset=utf-8" },
            { "Retry-After", "120" },
            { "Cache-Control", "no-store" },
            { "X-Maintenance", "unknown" },
        }, "This site cannot be reached right now. Please try again in a few minutes.\n")
    end
    pass(txn)
end)

-- Opens a program, waits for the diagnostic, chooses the preferred code action from the menu, and saves.

local out = os.getenv("GRADLINT_TEST_OUT")
vim.g.gradlint_command = vim.fn.json_decode(os.getenv("GRADLINT_TEST_COMMAND"))
vim.cmd("luafile " .. os.getenv("GRADLINT_TEST_CONFIG"))
vim.cmd("filetype on")
vim.cmd("edit " .. os.getenv("GRADLINT_TEST_FILE"))

local function finish(result)
  local file = assert(io.open(out, "w"))
  file:write(vim.fn.json_encode(result))
  file:close()
  vim.cmd("qall!")
end

local result = { version = vim.fn.matchstr(vim.fn.execute("version"), "NVIM v\\zs[0-9.]*") }
if not vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 50) then
  result.failed = "no diagnostic came"
  return finish(result)
end
local found = vim.diagnostic.get(0)[1]
result.diagnostic = { line = found.lnum, column = found.col, message = found.message, code = found.user_data.lsp.code }

vim.api.nvim_win_set_cursor(0, { found.lnum + 1, found.col })
local titles = {}
vim.ui.select = function(items, _, choose)
  for index, item in ipairs(items) do
    local action = item.action or item[2]
    table.insert(titles, action.title)
    if action.isPreferred then
      choose(item, index)
    end
  end
end
vim.lsp.buf.code_action()
local mended = vim.wait(60000, function()
  return #titles > 0 and #vim.diagnostic.get(0) == 0
end, 50)
result.titles = titles
if not mended then
  result.failed = "the diagnostic stayed"
  return finish(result)
end
vim.cmd("write")
finish(result)

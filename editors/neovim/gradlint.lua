-- gradlint in Neovim 0.7 and newer, without a plugin: `:luafile` this, or put it under `plugin/` in your configuration.

local settings = vim.empty_dict() -- such as { inlayHints = "all", ignore = { "GT402" } }

local function root_of(path)
  local folder = vim.fn.fnamemodify(path, ":p:h")
  for _, name in ipairs({ "gradlint.toml", "pyproject.toml", ".git" }) do
    local found = vim.fn.finddir(name, folder .. ";")
    if found == "" then
      found = vim.fn.findfile(name, folder .. ";")
    end
    if found ~= "" then
      return vim.fn.fnamemodify(found, ":p"):gsub("/$", ""):match("^(.*)/")
    end
  end
  return folder
end

local clients = {}

local function attach(buffer)
  local root = root_of(vim.api.nvim_buf_get_name(buffer))
  local config = {
    name = "gradlint",
    cmd = vim.g.gradlint_command or { "gradlint", "server" },
    root_dir = root,
    init_options = settings,
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  clients[root] = clients[root] or vim.lsp.start_client(config)
  vim.lsp.buf_attach_client(buffer, clients[root])
end

vim.api.nvim_create_autocmd("FileType", {
  pattern = { "python", "markdown" },
  callback = function(event)
    attach(event.buf)
  end,
})

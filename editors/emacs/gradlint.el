;;; gradlint.el --- gradlint in Emacs, by eglot -*- lexical-binding: t; -*-

;;; Commentary:

;; Emacs 29 has eglot; for older ones it is in GNU ELPA.  Load this file, or copy what is in it to your init file.
;; A buffer has one eglot server; put `gradlint-command' behind lspx or another multiplexer to use it beside others.

;;; Code:

(require 'eglot)

(defvar gradlint-command '("gradlint" "server")
  "The command that starts the language server.")

(add-to-list 'eglot-server-programs `((python-mode python-ts-mode) . ,gradlint-command))

(add-hook 'python-mode-hook #'eglot-ensure)
(add-hook 'python-ts-mode-hook #'eglot-ensure)

(provide 'gradlint)
;;; gradlint.el ends here

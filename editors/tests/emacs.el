;;; emacs.el --- Waits for the diagnostic, takes the preferred quick fix, and saves -*- lexical-binding: t; -*-

(require 'cl-lib)
(require 'json)

(defun test-wait (condition)
  "Wait until CONDITION gives something."
  (with-timeout (90 (error "Nothing came"))
    (while (not (funcall condition))
      (accept-process-output nil 0.1)))
  (funcall condition))

(defvar gradlint-command (append (json-parse-string (getenv "GRADLINT_TEST_COMMAND") :array-type 'list) nil))
(load (getenv "GRADLINT_TEST_CONFIG"))
(remove-hook 'python-mode-hook #'eglot-ensure)

(find-file (getenv "GRADLINT_TEST_FILE"))
(apply #'eglot (eglot--guess-contact))
(flymake-start)
(let* ((found (car (test-wait #'flymake-diagnostics)))
       (line (line-number-at-pos (flymake-diagnostic-beg found)))
       (text (flymake-diagnostic-text found))
       (last-nonmenu-event t))
  (goto-char (flymake-diagnostic-beg found))
  (cl-letf (((symbol-function 'completing-read)
             (lambda (_prompt items &rest _) (caar (cl-remove-if-not
                                                    (lambda (item) (plist-get (cdr item) :isPreferred)) items)))))
    (eglot-code-actions (point) (point) "quickfix" t))
  (save-buffer)
  (test-wait (lambda () (progn (flymake-start) (null (flymake-diagnostics)))))
  (with-temp-file (getenv "GRADLINT_TEST_OUT")
    (insert (json-encode (list (cons 'line line) (cons 'text text))))))
(kill-emacs 0)
;;; emacs.el ends here
